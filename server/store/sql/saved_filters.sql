-- name: all
-- Of a workspace, by name.
SELECT f.id, f.name, f.definition, f.created_by, f.changed_at FROM saved_filter f
WHERE f.workspace_id = $1 ORDER BY lower(f.name), f.id;

-- name: one
-- One of them.
SELECT f.id, f.name, f.definition, f.created_by, f.changed_at FROM saved_filter f WHERE f.workspace_id = $1 AND f.id = $2;

-- name: add
-- Unless the name is taken.
INSERT INTO saved_filter (workspace_id, created_by, name, definition) VALUES ($1, $2, $3, $4::jsonb)
ON CONFLICT (workspace_id, lower(name)) DO NOTHING RETURNING id, name, definition, created_by, changed_at;

-- name: change
-- What is null stays. A name that is taken breaks the key.
UPDATE saved_filter f SET name = coalesce($3, f.name), definition = coalesce($4::jsonb, f.definition), changed_at = now()
WHERE f.workspace_id = $1 AND f.id = $2
RETURNING f.id, f.name, f.definition, f.created_by, f.changed_at;

-- name: remove
-- For everybody.
DELETE FROM saved_filter f WHERE f.workspace_id = $1 AND f.id = $2 RETURNING f.id;
