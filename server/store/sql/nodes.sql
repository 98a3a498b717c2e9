-- name: standing
-- The horizon of this very read, in which history of the database, and who runs.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS p, /* epoch */ '' AS epoch,
       array(SELECT gen FROM node WHERE left_at IS NULL AND fenced_at IS NULL AND expires_at > clock_timestamp()) AS living;

-- name: rows_changed
-- Threads that were changed by transactions that an earlier read could not see.
SELECT workspace_id, id AS thread_id, version FROM thread
WHERE workspace_id = ANY ($1) AND listed AND last_seq > 0 AND changed_xid >= $2::text::xid8;

-- name: marks_changed
-- How far these members have read, where it moved since.
SELECT member_id, thread_id, in_ord AS read_in_ord, version AS read_version FROM thread_read
WHERE member_id = ANY ($1) AND changed_xid >= $2::text::xid8;

-- name: campaigns_changed
-- Whose figures may have moved: the open ones, those whose row was changed, and those that somebody looks at.
SELECT workspace_id, id FROM campaign
WHERE workspace_id = ANY ($1) AND kind = 'campaign'
  AND (changed_xid >= $2::text::xid8 OR (launched_at IS NOT NULL AND ended_at IS NULL) OR id = ANY ($3));

-- name: silences
-- Whether bulk may not reach these endpoints.
SELECT workspace_id, id, opted_out, held, consent_epoch FROM endpoint WHERE id = ANY ($1);

-- name: stops
-- Up to which place in the outbox texts are from before a stop or a change.
SELECT id, made_after FROM campaign WHERE id = ANY ($1);

-- name: settings
-- At which version the settings of these workspaces are, whether replies are suggested there, and how often numbers changed hands.
SELECT w.id, w.settings_version, w.ai_mode <> 'off' AS suggesting, w.hands
FROM workspace w WHERE w.id = ANY ($1);

-- name: ended
-- Which of these are of no login and of no token that is good still.
SELECT h.token_hash FROM unnest($1::bytea[]) AS h(token_hash)
WHERE NOT EXISTS (SELECT FROM session s JOIN member m ON m.id = s.member_id
                  WHERE s.token_hash = h.token_hash AND s.expires_at > clock_timestamp() AND m.disabled_at IS NULL)
  AND NOT EXISTS (SELECT FROM api_token t JOIN member m ON m.id = t.member_id
                  WHERE t.token_hash = h.token_hash AND t.revoked_at IS NULL AND m.disabled_at IS NULL);
