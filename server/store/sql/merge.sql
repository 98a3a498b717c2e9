-- name: lock_both
-- Two contacts, by ascending id, so that two merges of the same pair come one after the other.
SELECT id, first_name, last_name, custom, deleted_at, merged_into FROM contact WHERE workspace_id = $1 AND id IN ($2, $3)
ORDER BY id FOR NO KEY UPDATE;

-- name: move_phones
-- The other's numbers come after those that are there already. Gives the endpoints that moved.
UPDATE contact_phone p SET contact_id = $2, priority = p.priority + 1 + coalesce(
    (SELECT max(x.priority) FROM contact_phone x WHERE x.contact_id = $2), -1)
WHERE p.workspace_id = $1 AND p.contact_id = $3 RETURNING p.endpoint_id;

-- name: move_tags
-- Both have what one had.
INSERT INTO contact_tag (workspace_id, contact_id, tag_id, at)
SELECT c.workspace_id, $2, c.tag_id, c.at FROM contact_tag c WHERE c.workspace_id = $1 AND c.contact_id = $3
ON CONFLICT DO NOTHING;

-- name: move_stages
-- Where both stand in a pipeline, the one that stays keeps its stage.
INSERT INTO contact_stage (workspace_id, contact_id, pipeline_id, stage_id, at)
SELECT c.workspace_id, $2, c.pipeline_id, c.stage_id, c.at FROM contact_stage c WHERE c.workspace_id = $1 AND c.contact_id = $3
ON CONFLICT DO NOTHING;

-- name: forget_marks
-- What was copied does not stay behind.
WITH tags AS (
    DELETE FROM contact_tag WHERE workspace_id = $1 AND contact_id = $2
)
DELETE FROM contact_stage WHERE workspace_id = $1 AND contact_id = $2;

-- name: move_showings
-- Visits that were agreed on with either.
UPDATE showing SET contact_id = $2 WHERE workspace_id = $1 AND contact_id = $3;

-- name: fill_blanks
-- The other's words stand where this one has none. A name is one thing: it is taken whole, or not at all.
UPDATE contact k SET
    first_name = CASE WHEN k.first_name || k.last_name = '' THEN o.first_name ELSE k.first_name END,
    last_name = CASE WHEN k.first_name || k.last_name = '' THEN o.last_name ELSE k.last_name END,
    email = coalesce(nullif(k.email, ''), o.email), owner_id = coalesce(k.owner_id, o.owner_id),
    street = CASE WHEN k.street || k.city || k.state || k.zip = '' THEN o.street ELSE k.street END,
    city = CASE WHEN k.street || k.city || k.state || k.zip = '' THEN o.city ELSE k.city END,
    state = CASE WHEN k.street || k.city || k.state || k.zip = '' THEN o.state ELSE k.state END,
    zip = CASE WHEN k.street || k.city || k.state || k.zip = '' THEN o.zip ELSE k.zip END,
    zone = coalesce(k.zone, o.zone), property_address = coalesce(nullif(k.property_address, ''), o.property_address),
    custom = o.custom || k.custom, created_at = least(k.created_at, o.created_at),
    version = k.version + 1, changed_xid = pg_current_xact_id()
FROM contact o WHERE k.workspace_id = $1 AND k.id = $2 AND o.workspace_id = $1 AND o.id = $3;

-- name: end_other
-- It became part of another one; whoever asks for it is told.
UPDATE contact SET deleted_at = now(), merged_into = $2, version = version + 1, changed_xid = pg_current_xact_id()
WHERE workspace_id = $1 AND id = $3;

-- name: what_it_was
-- The other as it stood, for the audit.
SELECT to_jsonb(k) - 'search' - 'sort_name' - 'changed_xid' AS was FROM contact k WHERE k.workspace_id = $1 AND k.id = $2;
