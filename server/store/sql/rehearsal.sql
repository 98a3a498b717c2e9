-- name: known
-- What these commands came to, where they were taken.
SELECT c.cmd_id, c.fingerprint, c.thread_id, c.seq, m.body, m.segments, e.address
FROM command c JOIN message m ON m.thread_id = c.thread_id AND m.seq = c.seq
JOIN thread t ON t.id = c.thread_id JOIN endpoint e ON e.id = t.endpoint_id
WHERE c.workspace_id = $1 AND c.cmd_id = ANY ($2::uuid[]);

-- name: own_number
-- The member's, if it is proven.
SELECT v.address FROM member_number v WHERE v.workspace_id = $1 AND v.member_id = $2 AND v.verified_at IS NOT NULL;

-- name: leave_from
-- The thread writes from the campaign's number, as it would to whoever has no thread yet.
UPDATE thread t SET number_id = $3, version = t.version + 1, changed_xid = pg_current_xact_id()
WHERE t.workspace_id = $1 AND t.id = $2 AND t.number_id <> $3;

-- name: audit
-- Who tried which campaign's text, and where it stands.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, 'campaign_tested', $3);
