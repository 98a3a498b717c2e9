-- name: settings
-- All that a workspace sets for itself.
SELECT w.settings_version, w.name, w.brand, w.contact, w.sending_hours::text, w.opt_in_required, w.bulk_cap_texts, w.bulk_cap_window,
       w.link_base, w.ai_mode, w.ai_tone, w.ai_day_requests, w.ai_day_tokens
FROM workspace w WHERE w.id = $1;

-- name: news
-- What every page of a workspace wants to know of them at once.
SELECT w.settings_version, w.ai_mode <> 'off' AS suggesting FROM workspace w WHERE w.id = $1;

-- name: held
-- The same, and nobody else changes it meanwhile.
SELECT w.settings_version, w.name, w.brand, w.contact, w.sending_hours::text, w.opt_in_required, w.bulk_cap_texts, w.bulk_cap_window,
       w.link_base, w.ai_mode, w.ai_tone, w.ai_day_requests, w.ai_day_tokens
FROM workspace w WHERE w.id = $1 FOR NO KEY UPDATE;

-- name: hours
-- The workspace's own hours.
SELECT w.sending_hours::text FROM workspace w WHERE w.id = $1;

-- name: one_name_at_a_time
-- Two workspaces that want one name; the lock of whoever adds one, too.
SELECT pg_advisory_xact_lock(-2);

-- name: name_is_taken
-- Whether another workspace is called so.
SELECT EXISTS (SELECT FROM workspace w WHERE w.name = $2 AND w.id <> $1);

-- name: save
-- Another version of them.
UPDATE workspace w SET settings_version = w.settings_version + 1, name = $2, brand = $3, contact = $4, sending_hours = $5::jsonb,
       opt_in_required = $6, bulk_cap_texts = $7, bulk_cap_window = $8, link_base = $9, ai_mode = $10, ai_tone = $11,
       ai_day_requests = $12, ai_day_tokens = $13
WHERE w.id = $1 RETURNING w.settings_version;

-- name: audit
-- One entry for each that was changed.
INSERT INTO audit (workspace_id, member_id, action, detail)
SELECT $1, $2, 'setting_changed', d.detail FROM unnest($3::jsonb[]) d (detail);

-- name: wake
-- Campaigns look anew who is awake: the hours are others.
UPDATE campaign SET asleep_until = NULL WHERE workspace_id = $1 AND kind = 'campaign' AND ended_at IS NULL AND asleep_until IS NOT NULL;
