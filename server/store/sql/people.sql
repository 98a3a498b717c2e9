-- name: credentials
-- Who has this address, and the hash of the password.
SELECT id, workspace_id, email, name, role, hidden_from(id) <> '{}' AS narrowed, password_hash,
       (SELECT w.hands FROM workspace w WHERE w.id = workspace_id) AS hands
FROM member WHERE email = lower($1) AND disabled_at IS NULL;

-- name: open_session
-- A session of a member.
INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)
SELECT $2, m.workspace_id, m.id, $3, $4, $5 FROM member m WHERE m.id = $1 ON CONFLICT DO NOTHING;

-- name: session
-- Whose session this is, while it lasts and the member is not disabled.
SELECT m.id, m.workspace_id, m.email, m.name, m.role, hidden_from(m.id) <> '{}' AS narrowed, w.hands,
       w.name AS workspace_name, w.simulated
FROM session s JOIN member m ON m.id = s.member_id JOIN workspace w ON w.id = m.workspace_id
WHERE s.token_hash = $1 AND s.expires_at > $2 AND m.disabled_at IS NULL;

-- name: close_session
-- Log out.
DELETE FROM session WHERE token_hash = $1 RETURNING workspace_id, member_id;

-- name: add_member
-- A new member, who starts at the present: all that has arrived counts as read.
WITH new AS (
    INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES ($1, lower($2), $3, $4, $5)
    RETURNING id, workspace_id, email, name, role
), present AS (
    INSERT INTO thread_read (member_id, thread_id, workspace_id, in_ord)
    SELECT n.id, t.id, t.workspace_id, t.in_total FROM new n JOIN thread t ON t.workspace_id = n.workspace_id
    WHERE t.in_total > 0
)
SELECT id, workspace_id, email, name, role, hidden_from(id) <> '{}' AS narrowed,
       (SELECT w.hands FROM workspace w WHERE w.id = workspace_id) AS hands FROM new;

-- name: workspaces
-- All of them.
SELECT id, name, simulated FROM workspace ORDER BY id;

-- name: audit
-- What somebody did, for ever.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, $3, $4::jsonb);
