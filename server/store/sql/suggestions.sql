-- name: thread_of
-- A thread as suggestions need it: what the workspace wants, and whether the contact may be written to.
SELECT t.workspace_id, w.brand, w.ai_mode, w.ai_tone, c.contact_id,
       e.opted_out OR e.held OR e.carrier_blocked OR e.invalid_reason IS NOT NULL AS silent
FROM thread t
JOIN workspace w ON w.id = t.workspace_id
JOIN endpoint e ON e.id = t.endpoint_id
LEFT JOIN LATERAL (SELECT p.contact_id FROM contact_phone p WHERE p.endpoint_id = e.id) c ON true
WHERE t.id = $1;

-- name: lines
-- The newest texts of a thread, the newest first; what was taken back was not said.
SELECT m.seq, m.direction, m.body, m.created_at, m.keyword, m.klass, m.author_id, m.campaign_id, a.name AS author
FROM message m LEFT JOIN member a ON a.id = m.author_id
WHERE m.thread_id = $1 AND m.state <> 'cancelled' ORDER BY m.seq DESC LIMIT $2;

-- name: stored
-- Those for one text of a thread.
SELECT based_on_seq, source, label, items FROM suggestion WHERE thread_id = $1 AND based_on_seq = $2;

-- name: keep
-- The first that was made stays; none where a newer text was said meanwhile.
INSERT INTO suggestion (workspace_id, thread_id, based_on_seq, source, label, items, made_at)
SELECT $1, $2, $3, $4, $5, $6::jsonb, $7
WHERE EXISTS (SELECT FROM thread t JOIN workspace w ON w.id = t.workspace_id
              WHERE t.workspace_id = $1 AND t.id = $2 AND w.ai_mode <> 'off')
  AND NOT EXISTS (SELECT FROM message m WHERE m.thread_id = $2 AND m.seq > $3 AND m.state <> 'cancelled')
ON CONFLICT (thread_id, based_on_seq) DO NOTHING;

-- name: newest
-- Those for the newest text of a thread.
SELECT s.based_on_seq, s.source, s.label, s.items FROM suggestion s JOIN workspace w ON w.id = s.workspace_id
WHERE s.workspace_id = $1 AND s.thread_id = $2 AND w.ai_mode <> 'off'
  AND NOT EXISTS (SELECT FROM message m WHERE m.thread_id = $2 AND m.seq > s.based_on_seq AND m.state <> 'cancelled')
ORDER BY s.based_on_seq DESC LIMIT 1;

-- name: open
-- Those without a verdict that a text has followed, each with the first of these.
SELECT s.based_on_seq, s.items, s.picked, n.seq, n.body,
       n.direction = 'out' AND n.author_id IS NOT NULL AND n.campaign_id IS NULL AS by_person, a.name AS author
FROM suggestion s
CROSS JOIN LATERAL (
    SELECT m.* FROM message m
    WHERE m.thread_id = s.thread_id AND m.seq > s.based_on_seq AND m.state <> 'cancelled' ORDER BY m.seq LIMIT 1
) n
LEFT JOIN member a ON a.id = n.author_id
WHERE s.thread_id = $1 AND s.verdict IS NULL;

-- name: judged
-- What became of them; a verdict stays.
UPDATE suggestion s SET verdict = v.verdict, verdict_item = v.item, answer_seq = v.answer
FROM unnest($2::bigint[], $3::text[], $4::smallint[], $5::bigint[]) AS v (based_on, verdict, item, answer)
WHERE s.thread_id = $1 AND s.based_on_seq = v.based_on AND s.verdict IS NULL
RETURNING s.based_on_seq;

-- name: pick
-- Which of them a member put into a reply last.
UPDATE suggestion SET picked = $5, picked_by = $2, picked_at = $6
WHERE workspace_id = $1 AND thread_id = $3 AND based_on_seq = $4 AND $5 BETWEEN 0 AND jsonb_array_length(items) - 1
RETURNING true;

-- name: exchanges
-- What was said in the threads that moved last.
SELECT t.id AS thread_id, k.first_name, m.seq, m.direction, m.body, m.created_at, m.keyword, m.klass, m.author_id,
       m.campaign_id, a.name AS author
FROM (
    SELECT x.id, x.endpoint_id FROM thread x WHERE x.workspace_id = $1 AND x.listed AND NOT x.numbers && (SELECT hidden_from(NULL))
    ORDER BY x.last_at DESC, x.id DESC LIMIT $2
) t
CROSS JOIN LATERAL (
    SELECT y.* FROM message y WHERE y.thread_id = t.id AND y.state <> 'cancelled' ORDER BY y.seq DESC LIMIT $3
) m
LEFT JOIN member a ON a.id = m.author_id
LEFT JOIN LATERAL (
    SELECT c.first_name FROM contact_phone p JOIN contact c ON c.id = p.contact_id WHERE p.endpoint_id = t.endpoint_id
) k ON true
ORDER BY t.id, m.seq;

-- name: saved
-- The templates that everybody may use.
SELECT name, body, used FROM template WHERE workspace_id = $1 AND owner_id IS NULL ORDER BY used DESC, id LIMIT $2;

-- name: charge
-- One more request, where the day has room for it: of any number that come at once each sees what the others charged.
INSERT INTO ai_use AS u (workspace_id, day, requests, tokens)
SELECT w.id, $2, 1, $3::bigint FROM workspace w WHERE w.id = $1 AND w.ai_day_requests >= 1 AND w.ai_day_tokens >= $3
ON CONFLICT (workspace_id, day) DO UPDATE SET requests = u.requests + 1, tokens = u.tokens + excluded.tokens
WHERE u.requests + 1 <= (SELECT w.ai_day_requests FROM workspace w WHERE w.id = $1)
  AND u.tokens + excluded.tokens <= (SELECT w.ai_day_tokens FROM workspace w WHERE w.id = $1)
RETURNING true;

-- name: settle
-- What was charged and not used goes back.
UPDATE ai_use SET tokens = greatest(tokens - $3, 0) WHERE workspace_id = $1 AND day = $2;

-- name: settings
-- What a workspace wants.
SELECT ai_mode, ai_tone, ai_day_requests, ai_day_tokens FROM workspace WHERE id = $1;

-- name: figures
-- What became of all that were made since.
SELECT count(*) FILTER (WHERE s.verdict = 'accepted') AS accepted, count(*) FILTER (WHERE s.verdict = 'edited') AS edited,
       count(*) FILTER (WHERE s.verdict = 'ignored') AS ignored, count(*) FILTER (WHERE s.verdict IS NULL) AS waiting
FROM suggestion s WHERE s.workspace_id = $1 AND s.made_at >= $2;

-- name: used
-- What a day took so far.
SELECT requests, tokens FROM ai_use WHERE workspace_id = $1 AND day = $2;
