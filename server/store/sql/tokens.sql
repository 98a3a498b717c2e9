-- name: add
-- A new token of a member, and the record of it.
WITH new AS (
    INSERT INTO api_token (workspace_id, member_id, name, token_hash, hint, scopes, per_minute)
    SELECT m.workspace_id, m.id, $3, $4, $5, $6, $7 FROM member m WHERE m.workspace_id = $1 AND m.id = $2
    RETURNING *
), told AS (
    INSERT INTO audit (workspace_id, member_id, action, detail)
    SELECT workspace_id, member_id, 'token_made',
           jsonb_build_object('token_id', id, 'name', name, 'scopes', scopes, 'per_minute', per_minute) FROM new
)
SELECT n.id, n.name, n.hint, n.scopes, n.per_minute, n.member_id, m.name AS member, n.created_at, n.last_used_at, n.revoked_at
FROM new n JOIN member m ON m.id = n.member_id;

-- name: all
-- The tokens of a workspace, the newest first.
SELECT t.id, t.name, t.hint, t.scopes, t.per_minute, t.member_id, m.name AS member, t.created_at, t.last_used_at, t.revoked_at
FROM api_token t JOIN member m ON m.id = t.member_id WHERE t.workspace_id = $1 ORDER BY t.id DESC;

-- name: revoke
-- End a token, and write down who did; a second time nothing is written.
WITH found AS (
    SELECT id, token_hash, member_id, revoked_at, name FROM api_token WHERE workspace_id = $1 AND id = $2 FOR UPDATE
), ended AS (
    UPDATE api_token t SET revoked_at = $4 FROM found f WHERE t.id = f.id AND f.revoked_at IS NULL RETURNING t.id, t.name
), told AS (
    INSERT INTO audit (workspace_id, member_id, action, detail)
    SELECT $1, $3, 'token_revoked', jsonb_build_object('token_id', id, 'name', name) FROM ended
), gone AS (
    DELETE FROM socket_ticket s USING ended e WHERE s.token_id = e.id
)
SELECT token_hash, member_id FROM found;

-- name: bearer
-- Whom a token acts for, while neither it is revoked nor its member disabled.
SELECT t.id AS token_id, t.scopes, t.per_minute, t.last_used_at, m.id, m.workspace_id, m.email, m.name, m.role,
       hidden_from(m.id) <> '{}' AS narrowed, w.hands, w.name AS workspace_name, w.simulated
FROM api_token t JOIN member m ON m.id = t.member_id JOIN workspace w ON w.id = t.workspace_id
WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND m.disabled_at IS NULL;

-- name: used
-- When a token was used last.
UPDATE api_token SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2);

-- name: open_ticket
-- A ticket for one socket; those that nobody has used go.
WITH gone AS (DELETE FROM socket_ticket WHERE expires_at < $3)
INSERT INTO socket_ticket (token_id, ticket_hash, expires_at) VALUES ($1, $2, $4);

-- name: redeem
-- Take a ticket, once; whose token it was opened by.
WITH taken AS (DELETE FROM socket_ticket WHERE ticket_hash = $1 RETURNING token_id, expires_at)
SELECT t.token_hash FROM taken k JOIN api_token t ON t.id = k.token_id WHERE k.expires_at > $2;
