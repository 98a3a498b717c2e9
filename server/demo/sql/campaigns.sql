-- name: members
-- Who makes and launches campaigns.
SELECT m.id, m.email FROM member m WHERE m.workspace_id = $1

-- name: add_filters
-- A saved filter for each list of people, of who bears its tag.
INSERT INTO saved_filter (workspace_id, name, definition)
SELECT $1, t.name, jsonb_build_object('all', jsonb_build_array(
    jsonb_build_object('field', 'tag', 'is', 'has', 'value', t.id)))
FROM tag t WHERE t.workspace_id = $1 AND t.name = ANY ($2::text[]) ORDER BY t.id
RETURNING id, name

-- name: look
-- All rows are from this transaction, and PostgreSQL has not counted any yet: it took a minute over an audience of a hundred.
ANALYZE endpoint, contact, contact_phone, tag, contact_tag, thread, message

-- name: building
-- Whether the snapshot is being taken.
SELECT c.build_after IS NOT NULL FROM campaign c WHERE c.id = $1

-- name: pending
-- Whether anybody waits for a text of it.
SELECT s.pending > 0 FROM campaign_sums($1) s

-- name: departing
-- What is queued of it, each with the link that it bears, if any.
SELECT o.thread_id, o.seq, o.endpoint_id, e.address, n.address AS ours, k.token
FROM outbox o JOIN endpoint e ON e.id = o.endpoint_id JOIN number n ON n.id = o.number_id
JOIN campaign_recipient r ON r.campaign_id = o.campaign_id AND r.endpoint_id = o.endpoint_id
LEFT JOIN link k ON k.campaign_id = r.campaign_id AND k.ord = r.ord
WHERE o.workspace_id = $1 AND o.campaign_id = $2 ORDER BY o.id

-- name: taken
-- Texts that the demo's carrier takes: nothing that lives will.
WITH gone AS (
    DELETE FROM outbox o USING unnest($1::bigint[], $2::bigint[]) AS g (thread_id, seq)
    WHERE o.thread_id = g.thread_id AND o.seq = g.seq RETURNING o.thread_id
)
UPDATE thread t SET reply_cancels = false FROM gone g WHERE t.id = g.thread_id AND t.reply_cancels

-- name: note
-- What became of texts.
SELECT count(*) FROM note_status($1, $2, $3, $4::smallint[], $5, $6, $7)

-- name: mark
-- What that says of their numbers.
SELECT count(*) FROM mark_endpoints($1, $2, $3, $4)

-- name: owed
-- Who asked to stop and was not told that it is done.
SELECT c.id, c.endpoint_id FROM consent_event c
WHERE c.workspace_id = $1 AND c.answer_by IS NOT NULL AND NOT EXISTS (
    SELECT FROM keyword_answer k WHERE k.endpoint_id = c.endpoint_id AND k.consent_epoch = c.consent_epoch AND k.kind = c.kind)
ORDER BY c.id

-- name: answer
-- Tell them.
SELECT a.thread_id, a.seq FROM enqueue_answer($1, $2, $3::smallint, $4, interval '1 hour') a

-- name: fold
-- Add what has moved to the sums.
SELECT fold_stats($1, 1, 100000)

-- name: read
-- Everybody has read what came in to campaigns before $2.
INSERT INTO thread_read (member_id, thread_id, workspace_id, in_ord)
SELECT m.id, t.id, $1, t.in_total FROM thread t JOIN member m ON m.workspace_id = t.workspace_id
WHERE t.workspace_id = $1 AND t.campaign_id IS NOT NULL AND t.last_in_at < $2
