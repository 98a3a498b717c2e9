-- name: lock_many
-- The contacts themselves, ascending, before anything that hangs on them. $1 workspace, $2 ids.
SELECT id FROM contact WHERE workspace_id = $1 AND id = ANY ($2::bigint[]) AND deleted_at IS NULL
ORDER BY id FOR NO KEY UPDATE;

-- name: touch_many
-- Something of these, or that hangs on them, was changed.
UPDATE contact SET version = version + 1, changed_xid = pg_current_xact_id()
WHERE workspace_id = $1 AND id = ANY ($2::bigint[]);

-- name: tag_many
-- These tags too. $3 tags.
INSERT INTO contact_tag (workspace_id, contact_id, tag_id)
SELECT $1, c.id, t.id FROM unnest($2::bigint[]) AS c (id), unnest($3::bigint[]) AS t (id)
ON CONFLICT DO NOTHING RETURNING contact_id;

-- name: untag_many
-- Without these tags.
DELETE FROM contact_tag WHERE workspace_id = $1 AND contact_id = ANY ($2::bigint[]) AND tag_id = ANY ($3::bigint[])
RETURNING contact_id;

-- name: stage_many
-- Into a stage, from wherever they stand in its pipeline. $3 pipeline, $4 stage.
INSERT INTO contact_stage (workspace_id, contact_id, pipeline_id, stage_id)
SELECT $1, c.id, $3, $4 FROM unnest($2::bigint[]) AS c (id)
ON CONFLICT (contact_id, pipeline_id) DO UPDATE SET stage_id = EXCLUDED.stage_id, at = now()
WHERE contact_stage.stage_id <> EXCLUDED.stage_id
RETURNING contact_id;

-- name: unstage_many
-- Out of the pipeline.
DELETE FROM contact_stage WHERE workspace_id = $1 AND contact_id = ANY ($2::bigint[]) AND pipeline_id = $3
RETURNING contact_id;

-- name: own_many
-- Theirs from now on; null: nobody's.
UPDATE contact SET owner_id = $3 WHERE workspace_id = $1 AND id = ANY ($2::bigint[]) AND owner_id IS DISTINCT FROM $3
RETURNING id AS contact_id;

-- name: colleague
-- A member of this workspace who can look after somebody.
SELECT id FROM member WHERE workspace_id = $1 AND id = $2 AND disabled_at IS NULL;
