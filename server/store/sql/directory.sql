-- name: accounts
-- Every carrier account.
SELECT id, workspace_id, kind, sid, secret, base_url FROM carrier_account ORDER BY id;

-- name: numbers
-- Every number that texts can leave from.
SELECT id, workspace_id, account_id, address, rate, burst FROM number ORDER BY id;
