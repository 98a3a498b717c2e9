-- name: accounts
-- Every carrier account.
SELECT id, workspace_id, kind, sid, secret, base_url, verify_key FROM carrier_account ORDER BY id;

-- name: numbers
-- Every number that texts can leave from.
SELECT id, workspace_id, account_id, address, rate, burst, registration_id FROM number ORDER BY id;

-- name: account_limits
-- Accounts with a pace of their own.
SELECT id, rate, burst FROM carrier_account WHERE rate IS NOT NULL;

-- name: registration_limits
-- What each destination carrier allows each registered campaign; one without rates is there too, for its brand.
SELECT g.id, g.name, g.brand_id, r.dest_carrier, r.rate, r.burst
FROM registration g LEFT JOIN registration_rate r ON r.registration_id = g.id;

-- name: campaign_limits
-- Marketing campaigns with a pace of their own.
SELECT id, rate, name, workspace_id FROM campaign WHERE rate IS NOT NULL AND state NOT IN ('completed', 'cancelled');

-- name: brand_days
-- Brands with their cap and what is charged to a day.
SELECT b.id, b.name, b.daily_cap, b.capped, coalesce(d.used, 0) AS used, d.spent_at IS NOT NULL AS spent
FROM brand b LEFT JOIN daily_use d ON d.brand_id = b.id AND d.day = $1;
