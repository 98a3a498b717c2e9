-- name: conversations
-- What the inbox shows, with whoever wrote for a campaign, and whose contact it is.
SELECT t.id, g.launched_by, (SELECT min(c.owner_id) FROM contact_phone p JOIN contact c ON c.id = p.contact_id WHERE p.endpoint_id = t.endpoint_id) AS owner_id,
       t.last_direction, t.last_preview, t.last_at, t.last_in_at, t.waiting_since, e.opted_out, e.held
FROM thread t JOIN endpoint e ON e.id = t.endpoint_id LEFT JOIN campaign g ON g.id = t.campaign_id
WHERE t.workspace_id = $1 AND t.listed ORDER BY t.id

-- name: answered
-- A member's answer to the newest text of each thread, and that it arrived.
WITH given AS MATERIALIZED (
    SELECT a.*, t.number_id, t.last_seq + 1 AS seq
    FROM jsonb_to_recordset($2::jsonb) AS a(thread_id bigint, member_id bigint, body text, segments smallint, at timestamptz)
    JOIN thread t ON t.id = a.thread_id AND t.workspace_id = $1
), told AS (
    INSERT INTO thread_event (thread_id, seq, kind, at) SELECT thread_id, seq, 'message', at FROM given
), became AS (
    INSERT INTO thread_event (thread_id, seq, kind, ref, state, at)
    SELECT g.thread_id, g.seq + s.later, 'status', g.seq, s.state, g.at + s.later * interval '1 second'
    FROM given g, (VALUES (1, 'sent'), (2, 'delivered')) AS s (later, state)
), said AS (
    INSERT INTO message (thread_id, seq, workspace_id, direction, number_id, klass, body, segments, state, rank, author_id, created_at)
    SELECT thread_id, seq, $1, 'out', number_id, 'person', body, segments, 'delivered', $3, member_id, at FROM given
)
UPDATE thread t SET last_seq = g.seq + 2, last_at = g.at, last_preview = left(g.body, 160), last_direction = 'out', last_out_at = g.at,
       waiting_since = NULL
FROM given g WHERE t.id = g.thread_id

-- name: waits
-- Whose newest text nobody has answered yet.
UPDATE thread t SET waiting_since = t.last_in_at WHERE t.workspace_id = $1 AND t.id = ANY ($2::bigint[])

-- name: turns
-- What members did with threads, each deed in its turn.
SELECT count(t.seq) FROM jsonb_to_recordset($2::jsonb) AS d(thread_id bigint, member_id bigint, what text, to_id bigint, until timestamptz, at timestamptz)
CROSS JOIN LATERAL turn_thread($1, d.thread_id, d.member_id, d.what, d.to_id, d.until, d.at) t

-- name: note
-- A member's note, and whom it asks to look.
SELECT n.seq FROM write_note($1, $2, $3, $4, $5, $6, $7, $8) n

-- name: done_with
-- Everybody has read what is closed.
INSERT INTO thread_read AS r (member_id, thread_id, workspace_id, in_ord)
SELECT m.id, t.id, $1, t.in_total FROM thread t JOIN member m ON m.workspace_id = t.workspace_id
WHERE t.workspace_id = $1 AND t.closed_at IS NOT NULL AND t.in_total > 0
ON CONFLICT (member_id, thread_id) DO UPDATE SET in_ord = EXCLUDED.in_ord WHERE r.in_ord < EXCLUDED.in_ord
