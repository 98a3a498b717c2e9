-- name: save_draft
-- The newer of two wins: what was typed before the stored one changes nothing. Thread 0 is New Message.
INSERT INTO draft AS d (workspace_id, member_id, thread_id, body, recipient, media, changed_at)
SELECT $1, $2, $3::bigint, $4, $5, $6, $7
WHERE $3::bigint = 0 OR EXISTS (SELECT FROM thread t WHERE t.id = $3::bigint AND t.workspace_id = $1)
ON CONFLICT (member_id, thread_id) DO UPDATE SET body = EXCLUDED.body, recipient = EXCLUDED.recipient,
    media = EXCLUDED.media, changed_at = EXCLUDED.changed_at WHERE d.changed_at <= EXCLUDED.changed_at;

-- name: stored_draft
-- What a member has typed and not sent. An emptied one is told too: a tab that typed before knows that it is done with.
SELECT thread_id, body, recipient, media, changed_at FROM draft
WHERE workspace_id = $1 AND member_id = $2 AND thread_id = $3;
