-- name: rows
-- What lists and pages show of contacts, in the order that is asked for. $1 workspace, $2 ids. Other parts read it too.
SELECT k.id AS contact_id, k.first_name, k.last_name, k.email, k.street, k.city, k.state, k.zip, k.zone,
       k.property_address, k.custom, k.source, k.created_at, k.version, o.id AS owner_id, o.name AS owner,
       p.phones, p.last_in_at, p.last_out_at, t.tags, s.stages
FROM unnest($2::bigint[]) WITH ORDINALITY AS g (id, ord)
JOIN contact k ON k.id = g.id AND k.workspace_id = $1 AND k.deleted_at IS NULL
LEFT JOIN member o ON o.id = k.owner_id
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(p.endpoint_id, e.address, p.label, p.priority, e.opted_out, e.held, e.carrier_blocked,
                                     e.invalid_reason, e.consented_at, h.id) ORDER BY p.priority, p.endpoint_id) AS phones,
           max(h.last_in_at) AS last_in_at, max(h.last_out_at) AS last_out_at
    FROM contact_phone p
    JOIN endpoint e ON e.id = p.endpoint_id
    LEFT JOIN thread h ON h.workspace_id = p.workspace_id AND h.endpoint_id = p.endpoint_id
    WHERE p.contact_id = k.id
) p ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(t.id, t.name) ORDER BY lower(t.name)) AS tags
    FROM contact_tag c JOIN tag t ON t.id = c.tag_id WHERE c.contact_id = k.id
) t ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(l.id, l.name, s.id, s.name) ORDER BY l.position, l.id) AS stages
    FROM contact_stage c JOIN stage s ON s.id = c.stage_id JOIN pipeline l ON l.id = c.pipeline_id
    WHERE c.contact_id = k.id
) s ON true
ORDER BY g.ord;

-- name: whereabouts
-- Whether a contact is there, deleted, or part of another one by now: the end of that chain.
WITH RECURSIVE chain AS (
    SELECT k.id, k.deleted_at, k.merged_into FROM contact k WHERE k.workspace_id = $1 AND k.id = $2
    UNION ALL
    SELECT k.id, k.deleted_at, k.merged_into FROM contact k JOIN chain c ON k.id = c.merged_into
)
SELECT id, deleted_at IS NOT NULL AS gone FROM chain WHERE merged_into IS NULL;

-- name: lock
-- The contact itself, before anything that hangs on it: one change of a contact after the other.
SELECT id, version, first_name, last_name, zone, zip FROM contact WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE;

-- name: add
-- A contact with its values.
INSERT INTO contact (workspace_id, source, first_name, last_name, email, owner_id, street, city, state, zip, zone,
                     property_address, custom)
SELECT $1, $2, coalesce(r.first_name, ''), coalesce(r.last_name, ''), coalesce(r.email, ''), r.owner_id,
       coalesce(r.street, ''), coalesce(r.city, ''), coalesce(r.state, ''), coalesce(r.zip, ''), r.zone,
       coalesce(r.property_address, ''), $4::jsonb
FROM jsonb_populate_record(NULL::contact, $3::jsonb) r RETURNING id;

-- name: change
-- Write what is given; of the custom fields those that are given, and drop those that were emptied.
UPDATE contact k SET (first_name, last_name, email, owner_id, street, city, state, zip, zone, property_address) = (
           SELECT r.first_name, r.last_name, r.email, r.owner_id, r.street, r.city, r.state, r.zip, r.zone, r.property_address
           FROM jsonb_populate_record(k, $3::jsonb) r),
       custom = (k.custom || $4::jsonb) - $5::text[], version = k.version + 1, changed_xid = pg_current_xact_id()
WHERE k.workspace_id = $1 AND k.id = $2;

-- name: touch
-- Something that hangs on the contact was changed.
UPDATE contact SET version = version + 1, changed_xid = pg_current_xact_id() WHERE workspace_id = $1 AND id = $2;

-- name: hide
-- Delete, for people.
UPDATE contact SET deleted_at = now(), version = version + 1, changed_xid = pg_current_xact_id()
WHERE workspace_id = $1 AND id = $2;

-- name: addresses
-- A contact's numbers as they are dialled.
SELECT e.id, e.address FROM contact_phone p JOIN endpoint e ON e.id = p.endpoint_id
WHERE p.workspace_id = $1 AND p.contact_id = $2;

-- name: place
-- The places of these numbers, by words: what is known of their contact's address.
UPDATE endpoint e SET places = q.places
FROM (SELECT x.id, string_to_array(g.places, ' ') AS places FROM unnest($2::bigint[], $3::text[]) AS g (id, places)
      JOIN endpoint x ON x.id = g.id
      WHERE x.workspace_id = $1 AND x.places <> string_to_array(g.places, ' ') ORDER BY x.id FOR NO KEY UPDATE OF x) q
WHERE e.id = q.id;

-- name: renamed
-- The inbox shows these threads by another name from now on.
UPDATE thread t SET version = t.version + 1, changed_xid = pg_current_xact_id()
FROM (SELECT x.id FROM thread x WHERE x.workspace_id = $1 AND x.endpoint_id = ANY ($2::bigint[])
      ORDER BY x.endpoint_id FOR NO KEY UPDATE) q
WHERE t.id = q.id RETURNING t.id;

-- name: fields
-- The custom fields of a workspace; they cannot go while somebody writes their values.
SELECT name, label, kind, choices FROM custom_field WHERE workspace_id = $1 AND name = ANY ($2::text[]) FOR KEY SHARE;

-- name: owner_is_there
-- Whether somebody can look after contacts here.
SELECT EXISTS (SELECT FROM member WHERE workspace_id = $1 AND id = $2 AND disabled_at IS NULL);

-- name: audit
-- Who did what to a contact.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, $3, $4::jsonb);

-- name: meet
-- These numbers become endpoints where they are none yet. What another transaction makes meanwhile only a later statement sees.
INSERT INTO endpoint (workspace_id, address) SELECT $1, g.address FROM (SELECT DISTINCT unnest($2::text[])) AS g (address)
WHERE NOT EXISTS (SELECT FROM endpoint e WHERE e.workspace_id = $1 AND e.address = g.address)
ORDER BY g.address ON CONFLICT (workspace_id, address) DO NOTHING;

-- name: endpoints
-- The endpoints of these numbers.
SELECT id, address FROM endpoint WHERE workspace_id = $1 AND address = ANY ($2::text[]);

-- name: attach
-- Give a number to a contact unless it belongs to one; waits for whoever is giving it to another. The last by priority.
INSERT INTO contact_phone AS p (workspace_id, contact_id, endpoint_id, label, priority)
SELECT $1, $2, $3, $4, coalesce((SELECT max(x.priority) + 1 FROM contact_phone x WHERE x.contact_id = $2), 0)
ON CONFLICT (endpoint_id) DO UPDATE SET contact_id = EXCLUDED.contact_id, label = EXCLUDED.label, priority = EXCLUDED.priority
WHERE EXISTS (SELECT FROM contact k WHERE k.id = p.contact_id AND k.deleted_at IS NOT NULL)
RETURNING endpoint_id;

-- name: holder
-- Whose number this is.
SELECT k.id, k.first_name, k.last_name FROM contact_phone p JOIN contact k ON k.id = p.contact_id
WHERE p.workspace_id = $1 AND p.endpoint_id = $2;

-- name: phones
-- A contact's numbers by priority.
SELECT endpoint_id, label, priority FROM contact_phone WHERE workspace_id = $1 AND contact_id = $2
ORDER BY priority, endpoint_id;

-- name: arrange
-- Their order, and one of their labels. $3 endpoints in the new order.
UPDATE contact_phone p SET priority = g.ord - 1, label = CASE WHEN p.endpoint_id = $4 THEN coalesce($5, p.label) ELSE p.label END
FROM unnest($3::bigint[]) WITH ORDINALITY AS g (endpoint_id, ord)
WHERE p.workspace_id = $1 AND p.contact_id = $2 AND p.endpoint_id = g.endpoint_id;

-- name: detach
-- Take numbers from a contact; null: all.
DELETE FROM contact_phone WHERE workspace_id = $1 AND contact_id = $2 AND ($3::bigint IS NULL OR endpoint_id = $3)
RETURNING endpoint_id;

-- name: name_tags
-- These names become tags where they are none yet.
INSERT INTO tag (workspace_id, name)
SELECT $1, g.name FROM (SELECT DISTINCT ON (lower(n)) n FROM unnest($2::text[]) AS u (n) ORDER BY lower(n)) AS g (name)
WHERE NOT EXISTS (SELECT FROM tag t WHERE t.workspace_id = $1 AND lower(t.name) = lower(g.name))
ON CONFLICT (workspace_id, lower(name)) DO NOTHING;

-- name: tags_named
-- Tags by name, whatever its capitals.
SELECT id FROM tag WHERE workspace_id = $1 AND lower(name) IN (SELECT lower(n) FROM unnest($2::text[]) AS u (n))
ORDER BY id FOR KEY SHARE;

-- name: tags_there
-- Which of these are tags of the workspace; they cannot go meanwhile.
SELECT id FROM tag WHERE workspace_id = $1 AND id = ANY ($2::bigint[]) ORDER BY id FOR KEY SHARE;

-- name: untag
-- All but these.
DELETE FROM contact_tag WHERE workspace_id = $1 AND contact_id = $2 AND tag_id <> ALL ($3::bigint[]);

-- name: tag
-- These too.
INSERT INTO contact_tag (workspace_id, contact_id, tag_id) SELECT $1, $2, unnest($3::bigint[]) ON CONFLICT DO NOTHING;

-- name: pipeline_is_there
-- The pipeline, and the stage if one is asked for.
SELECT EXISTS (SELECT FROM pipeline WHERE workspace_id = $1 AND id = $2) AS pipeline,
       EXISTS (SELECT FROM stage WHERE workspace_id = $1 AND pipeline_id = $2 AND id = $3) AS stage;

-- name: unstage
-- Out of the pipeline.
DELETE FROM contact_stage WHERE workspace_id = $1 AND contact_id = $2 AND pipeline_id = $3;

-- name: stage
-- Into a stage, from another one of the same pipeline.
INSERT INTO contact_stage (workspace_id, contact_id, pipeline_id, stage_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (contact_id, pipeline_id) DO UPDATE SET stage_id = EXCLUDED.stage_id, at = now()
WHERE contact_stage.stage_id <> EXCLUDED.stage_id;

-- name: showings
-- By time.
SELECT id, property_address, at, note FROM showing WHERE workspace_id = $1 AND contact_id = $2 ORDER BY at, id;

-- name: add_showing
-- A visit that was agreed on.
INSERT INTO showing (workspace_id, contact_id, property_address, at, note) VALUES ($1, $2, $3, $4, $5)
RETURNING id, property_address, at, note;

-- name: remove_showing
-- Called off.
DELETE FROM showing WHERE workspace_id = $1 AND contact_id = $2 AND id = $3 RETURNING id;
