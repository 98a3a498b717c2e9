-- name: rows
-- All templates that a member may use, by name.
SELECT t.id, t.name, t.body, t.owner_id IS NULL AS shared, t.folder_id, t.version, t.used, t.used_at,
       t.created_by AS author_id, m.name AS author, t.changed_at
FROM template t LEFT JOIN member m ON m.id = t.created_by
WHERE t.workspace_id = $1 AND coalesce(t.owner_id, 0) IN (0, $2)
ORDER BY lower(t.name), t.id;

-- name: one
-- One of them.
SELECT t.id, t.name, t.body, t.owner_id IS NULL AS shared, t.folder_id, t.version, t.used, t.used_at,
       t.created_by AS author_id, m.name AS author, t.changed_at
FROM template t LEFT JOIN member m ON m.id = t.created_by
WHERE t.workspace_id = $1 AND (t.owner_id IS NULL OR t.owner_id = $2) AND t.id = $3;

-- name: held
-- One of them, kept as it is until the transaction ends.
SELECT t.id, t.name, t.body, t.owner_id IS NULL AS shared, t.folder_id, t.version, t.used, t.used_at,
       t.created_by AS author_id, (SELECT m.name FROM member m WHERE m.id = t.created_by) AS author, t.changed_at
FROM template t
WHERE t.workspace_id = $1 AND (t.owner_id IS NULL OR t.owner_id = $2) AND t.id = $3
FOR UPDATE OF t;

-- name: how_many
-- Templates of a kind: everybody's ($2 null) or a member's own.
SELECT count(*) FROM template WHERE workspace_id = $1 AND coalesce(owner_id, 0) = coalesce($2::bigint, 0);

-- name: folder_held
-- Whether a folder takes templates of that kind; it stays until the transaction ends.
SELECT id FROM template_folder
WHERE workspace_id = $1 AND id = $3 AND owner_id IS NOT DISTINCT FROM $2::bigint FOR KEY SHARE;

-- name: add
-- A new template; its id.
INSERT INTO template (workspace_id, owner_id, folder_id, name, body, created_by, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id;

-- name: change
-- How a template stands from now on.
UPDATE template SET owner_id = $3, folder_id = $4, name = $5, body = $6, changed_at = $7, version = version + 1
WHERE workspace_id = $1 AND id = $2;

-- name: remove
-- A template goes.
DELETE FROM template WHERE workspace_id = $1 AND id = $2;

-- name: use
-- One use more.
UPDATE template SET used = used + 1, used_at = greatest(used_at, $4)
WHERE workspace_id = $1 AND (owner_id IS NULL OR owner_id = $2) AND id = $3 RETURNING used;

-- name: folders
-- All folders that a member sees, with what is in them.
SELECT f.id, f.name, f.owner_id IS NULL AS shared, (SELECT count(*) FROM template t WHERE t.folder_id = f.id) AS templates
FROM template_folder f WHERE f.workspace_id = $1 AND coalesce(f.owner_id, 0) IN (0, $2)
ORDER BY lower(f.name), f.id;

-- name: how_many_folders
-- Folders of a kind.
SELECT count(*) FROM template_folder WHERE workspace_id = $1 AND coalesce(owner_id, 0) = coalesce($2::bigint, 0);

-- name: add_folder
-- A new folder.
INSERT INTO template_folder (workspace_id, owner_id, name) VALUES ($1, $2, $3)
RETURNING id, name, owner_id IS NULL AS shared, 0 AS templates;

-- name: rename_folder
-- A folder's new name.
UPDATE template_folder f SET name = $4
WHERE f.workspace_id = $1 AND (f.owner_id IS NULL OR f.owner_id = $2) AND f.id = $3
RETURNING f.id, f.name, f.owner_id IS NULL AS shared, (SELECT count(*) FROM template t WHERE t.folder_id = f.id) AS templates;

-- name: folder_to_remove
-- A folder that nothing is put into any more.
SELECT id FROM template_folder
WHERE workspace_id = $1 AND (owner_id IS NULL OR owner_id = $2) AND id = $3 FOR UPDATE;

-- name: empty_folder
-- What lies in a folder lies in none from now on.
UPDATE template SET folder_id = NULL, version = version + 1, changed_at = $3 WHERE workspace_id = $1 AND folder_id = $2;

-- name: remove_folder
-- A folder goes.
DELETE FROM template_folder WHERE workspace_id = $1 AND id = $2;

-- name: fields
-- The workspace's own fields: each name is a token.
SELECT name, label, kind, choices FROM custom_field WHERE workspace_id = $1 ORDER BY position, lower(label), id;

-- name: contact_of
-- Whose thread it is, where somebody has said so.
SELECT p.contact_id FROM thread t
LEFT JOIN contact_phone p ON p.workspace_id = t.workspace_id AND p.endpoint_id = t.endpoint_id
WHERE t.workspace_id = $1 AND t.id = $2;
