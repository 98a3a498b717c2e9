-- name: tags
-- Every tag with how many have it; of one, where one is asked for.
SELECT t.id, t.name, (SELECT count(*) FROM contact_tag c JOIN contact k ON k.id = c.contact_id AND k.deleted_at IS NULL
                      WHERE c.tag_id = t.id) AS contacts
FROM tag t WHERE t.workspace_id = $1 AND ($2::bigint IS NULL OR t.id = $2) ORDER BY lower(t.name);

-- name: add_tag
-- A tag, unless there is one of that name.
INSERT INTO tag (workspace_id, name) VALUES ($1, $2) ON CONFLICT (workspace_id, lower(name)) DO NOTHING RETURNING id;

-- name: tag_named
-- The tag of that name, whatever its capitals.
SELECT id FROM tag WHERE workspace_id = $1 AND lower(name) = lower($2);

-- name: rename_tag
-- Another name for a tag.
UPDATE tag SET name = $3 WHERE workspace_id = $1 AND id = $2 RETURNING id;

-- name: remove_tag
-- From everybody who has it, too.
DELETE FROM tag WHERE workspace_id = $1 AND id = $2 RETURNING id;

-- name: pipelines
-- Every pipeline, or one, with its stages and how many stand in each.
SELECT l.id AS pipeline_id, l.name AS pipeline, l.position AS pipeline_position, s.id AS stage_id, s.name AS stage,
       s.position AS stage_position,
       (SELECT count(*) FROM contact_stage c JOIN contact k ON k.id = c.contact_id AND k.deleted_at IS NULL
        WHERE c.stage_id = s.id) AS contacts
FROM pipeline l LEFT JOIN stage s ON s.pipeline_id = l.id
WHERE l.workspace_id = $1 AND ($2::bigint IS NULL OR l.id = $2)
ORDER BY l.position, l.id, s.position, s.id;

-- name: lock_pipeline
-- One change of a pipeline and its stages after the other.
SELECT id FROM pipeline WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: add_pipeline
-- A pipeline, the last one.
INSERT INTO pipeline (workspace_id, name, position)
SELECT $1, $2, coalesce((SELECT max(l.position) + 1 FROM pipeline l WHERE l.workspace_id = $1), 0) RETURNING id;

-- name: change_pipeline
-- Its name, its place.
UPDATE pipeline SET name = coalesce($3, name), position = coalesce($4, position) WHERE workspace_id = $1 AND id = $2;

-- name: remove_pipeline
-- With its stages, out of which everybody falls.
DELETE FROM pipeline WHERE workspace_id = $1 AND id = $2;

-- name: stages
-- The stages of a pipeline in their order.
SELECT id FROM stage WHERE workspace_id = $1 AND pipeline_id = $2 ORDER BY position, id;

-- name: add_stage
-- A stage.
INSERT INTO stage (workspace_id, pipeline_id, name, position) VALUES ($1, $2, $3, $4) RETURNING id;

-- name: rename_stage
-- Another name for a stage.
UPDATE stage SET name = $3 WHERE workspace_id = $1 AND id = $2;

-- name: arrange_stages
-- Their order. $3 stages in the new order.
UPDATE stage s SET position = g.ord - 1 FROM unnest($3::bigint[]) WITH ORDINALITY AS g (id, ord)
WHERE s.workspace_id = $1 AND s.pipeline_id = $2 AND s.id = g.id;

-- name: remove_stage
-- Everybody falls out of it.
DELETE FROM stage WHERE workspace_id = $1 AND pipeline_id = $2 AND id = $3;

-- name: standing
-- How many stand in a pipeline, or in one stage of it.
SELECT count(*) FROM contact_stage c JOIN contact k ON k.id = c.contact_id AND k.deleted_at IS NULL
WHERE c.workspace_id = $1 AND c.pipeline_id = $2 AND ($3::bigint IS NULL OR c.stage_id = $3);

-- name: fields
-- The custom fields, or one.
SELECT id, name, label, kind, choices, position FROM custom_field
WHERE workspace_id = $1 AND ($2::bigint IS NULL OR id = $2) ORDER BY position, id;

-- name: add_field
-- A custom field, the last one.
INSERT INTO custom_field (workspace_id, name, label, kind, choices, position)
SELECT $1, $2, $3, $4, $5, coalesce((SELECT max(f.position) + 1 FROM custom_field f WHERE f.workspace_id = $1), 0)
RETURNING id;

-- name: change_field
-- Its label, its choices, its place; never its name or kind.
UPDATE custom_field SET label = coalesce($3, label), choices = coalesce($4, choices), position = coalesce($5, position)
WHERE workspace_id = $1 AND id = $2;

-- name: remove_field
-- The definition; whoever is writing a value of it is waited for.
DELETE FROM custom_field WHERE workspace_id = $1 AND id = $2 RETURNING name;

-- name: forget_values
-- The values of a field that is no more, some contacts at a time. Gives how many there were.
WITH chosen AS (
    SELECT k.id FROM contact k WHERE k.workspace_id = $1 AND k.custom ? $2 AND k.id > $3 ORDER BY k.id LIMIT $4
    FOR NO KEY UPDATE
)
UPDATE contact k SET custom = k.custom - $2::text, version = k.version + 1, changed_xid = pg_current_xact_id()
FROM chosen c WHERE k.id = c.id RETURNING k.id;

-- name: members
-- Who works here.
SELECT id, name, email, role FROM member WHERE workspace_id = $1 AND disabled_at IS NULL ORDER BY lower(name), id;

-- name: numbers
-- The numbers that texts leave from, and whose each is; null: everybody's. version: when it changed hands last.
SELECT n.id, n.address, n.label, n.owner_id, m.name AS owner, n.owned_xid::text::bigint AS version
FROM number n LEFT JOIN member m ON m.id = n.owner_id WHERE n.workspace_id = $1 ORDER BY n.id;
