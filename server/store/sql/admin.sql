-- name: one_at_a_time
-- Two people at two terminals; the lock under which the schema is put in, too.
SELECT pg_advisory_xact_lock(-2);

-- name: add_workspace
-- A real workspace, where none has its name. No row: one has.
WITH new AS (
    INSERT INTO workspace (name, simulated, brand, contact)
    SELECT $1, false, $2, $3 WHERE NOT EXISTS (SELECT FROM workspace w WHERE w.name = $1)
    RETURNING id, name, simulated
), audits AS (
    INSERT INTO audit (workspace_id, action) SELECT n.id, 'workspace_added' FROM new n
)
SELECT id, name, simulated FROM new;

-- name: add_account
-- A Twilio account of a real workspace. The simulator's webhooks lie under Twilio's path, so a sid is taken by either kind.
WITH new AS (
    INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
    SELECT $1, false, 'twilio', $2, $3, $4 WHERE NOT EXISTS (SELECT FROM carrier_account a WHERE a.sid = $2)
    RETURNING id, workspace_id, sid
), audits AS (
    INSERT INTO audit (workspace_id, action, detail)
    SELECT n.workspace_id, 'account_added', jsonb_build_object('account_id', n.id, 'sid', n.sid) FROM new n
)
SELECT id FROM new;

-- name: add_number
-- A number of an account of the same workspace. No row: the account has it already.
WITH new AS (
    INSERT INTO number (workspace_id, account_id, address, label, rate, burst) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING RETURNING id, workspace_id, address
), audits AS (
    INSERT INTO audit (workspace_id, action, detail)
    SELECT n.workspace_id, 'number_added', jsonb_build_object('number_id', n.id, 'address', n.address) FROM new n
)
SELECT id FROM new;

-- name: numbers
-- Every number with what a person calls it by.
SELECT n.address, n.label, n.rate, n.burst, w.name AS workspace, a.sid
FROM number n JOIN workspace w ON w.id = n.workspace_id JOIN carrier_account a ON a.id = n.account_id
ORDER BY w.id, n.id;
