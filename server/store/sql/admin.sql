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

-- name: set_link_base
-- What a workspace's short links begin with; null: the server's own address.
WITH was AS (
    SELECT w.id, w.link_base FROM workspace w WHERE w.id = $1 AND w.link_base IS DISTINCT FROM $2 FOR NO KEY UPDATE
), new AS (
    UPDATE workspace w SET link_base = $2, settings_version = w.settings_version + 1 FROM was WHERE w.id = was.id RETURNING w.id
)
INSERT INTO audit (workspace_id, action, detail)
SELECT n.id, 'setting_changed', jsonb_build_object('setting', 'link_base', 'from', was.link_base, 'to', $2::text)
FROM new n JOIN was ON was.id = n.id;

-- name: add_account
-- A carrier account of a real workspace. Numbers name their account by its sid alone, so one is taken by any kind.
WITH new AS (
    INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url, verify_key)
    SELECT $1, false, $5, $2, $3, $4, $6 WHERE NOT EXISTS (SELECT FROM carrier_account a WHERE a.sid = $2)
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

-- name: set_number
-- Change a number's pace or its registered campaign; a null changes nothing, 0 as the campaign takes it out of any.
WITH new AS (
    UPDATE number n SET rate = coalesce($2, n.rate), burst = coalesce($3, n.burst),
           registration_id = CASE WHEN $4::bigint IS NULL THEN n.registration_id WHEN $4 = 0 THEN NULL ELSE $4 END
    WHERE n.id = $1 RETURNING n.id, n.workspace_id, n.address, n.rate, n.burst
), audits AS (
    INSERT INTO audit (workspace_id, action, detail)
    SELECT n.workspace_id, 'number_changed', jsonb_build_object('number_id', n.id, 'rate', n.rate, 'burst', n.burst) FROM new n
)
SELECT address, rate, burst FROM new;

-- name: number_ids
-- A number by its address, in every account that has it.
SELECT n.id, n.workspace_id, a.sid, n.rate, n.burst FROM number n JOIN carrier_account a ON a.id = n.account_id
WHERE n.address = $1 AND ($2::text IS NULL OR a.sid = $2) ORDER BY n.id;

-- name: set_account
-- What an account may send over all its numbers; a null rate: no limit.
WITH new AS (
    UPDATE carrier_account a SET rate = $2, burst = $3 WHERE a.sid = $1 RETURNING a.id, a.workspace_id
), audits AS (
    INSERT INTO audit (workspace_id, action, detail)
    SELECT n.workspace_id, 'account_changed', jsonb_build_object('account_id', n.id, 'rate', $2::double precision) FROM new n
)
SELECT id FROM new;

-- name: put_brand
-- A brand with its daily cap, new or changed.
WITH new AS (
    INSERT INTO brand (workspace_id, name, daily_cap, capped) VALUES ($1, $2, $3, $4)
    ON CONFLICT (workspace_id, name) DO UPDATE SET daily_cap = EXCLUDED.daily_cap, capped = EXCLUDED.capped
    RETURNING id, workspace_id
), audits AS (
    INSERT INTO audit (workspace_id, action, detail)
    SELECT n.workspace_id, 'brand_set', jsonb_build_object('brand_id', n.id, 'daily_cap', $3::integer) FROM new n
)
SELECT id FROM new;

-- name: brand_id
-- A brand by its name.
SELECT id FROM brand WHERE workspace_id = $1 AND name = $2;

-- name: put_registration
-- A registered campaign of a brand, new or moved to it.
WITH new AS (
    INSERT INTO registration (workspace_id, brand_id, name) VALUES ($1, $2, $3)
    ON CONFLICT (workspace_id, name) DO UPDATE SET brand_id = EXCLUDED.brand_id
    RETURNING id, workspace_id
), audits AS (
    INSERT INTO audit (workspace_id, action, detail)
    SELECT n.workspace_id, 'registration_set', jsonb_build_object('registration_id', n.id) FROM new n
)
SELECT id FROM new;

-- name: registration_id
-- A registered campaign by its name.
SELECT id FROM registration WHERE workspace_id = $1 AND name = $2;

-- name: put_rate
-- What a destination carrier allows a registered campaign.
INSERT INTO registration_rate (registration_id, dest_carrier, rate, burst) VALUES ($1, $2, $3, $4)
ON CONFLICT (registration_id, dest_carrier) DO UPDATE SET rate = EXCLUDED.rate, burst = EXCLUDED.burst;

-- name: drop_rate
-- No such limit any more.
DELETE FROM registration_rate WHERE registration_id = $1 AND dest_carrier = $2;

-- name: audit_rate
-- Who changed a registered campaign's rates can be asked later.
INSERT INTO audit (workspace_id, action, detail)
VALUES ($1, 'rate_set', jsonb_build_object('registration_id', $2::bigint, 'carrier', $3::text, 'rate', $4::double precision));

-- name: limits
-- Brands, their registered campaigns and what each destination carrier allows those.
SELECT w.name AS workspace, b.name AS brand, b.daily_cap, b.capped, g.name AS registration, r.dest_carrier, r.rate, r.burst,
       (SELECT count(*) FROM number n WHERE n.registration_id = g.id) AS numbers
FROM brand b JOIN workspace w ON w.id = b.workspace_id
LEFT JOIN registration g ON g.brand_id = b.id LEFT JOIN registration_rate r ON r.registration_id = g.id
ORDER BY w.id, b.id, g.id, r.dest_carrier;
