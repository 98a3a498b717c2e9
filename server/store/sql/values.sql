-- name: of_workspace
-- What is the same for all contacts: the member's name, and where the workspace is.
SELECT (SELECT m.name FROM member m WHERE m.workspace_id = $1 AND m.id = $2) AS agent,
       (SELECT n.address FROM number n WHERE n.workspace_id = $1 ORDER BY n.id LIMIT 1) AS number;

-- name: fields
-- The workspace's own fields: each name is a token.
SELECT name, label, kind, choices FROM custom_field WHERE workspace_id = $1 ORDER BY position, id;

-- name: to_fill
-- A template that a member may use, and in one row all that it may be filled with for a contact.
SELECT t.body, (SELECT m.name FROM member m WHERE m.workspace_id = $1 AND m.id = $2) AS agent,
       (SELECT n.address FROM number n WHERE n.workspace_id = $1 ORDER BY n.id LIMIT 1) AS number,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(f.name, f.label, f.kind, f.choices) ORDER BY f.position, f.id), '[]')::text
        FROM custom_field f WHERE f.workspace_id = $1) AS fields,
       k.id, k.first_name, k.last_name, k.property_address, k.zone, k.custom, p.address, s.at AS showing_at,
       s.property_address AS showing_address
FROM template t
LEFT JOIN contact k ON k.workspace_id = $1 AND k.id = $4 AND k.deleted_at IS NULL
LEFT JOIN LATERAL (
    SELECT e.address FROM contact_phone p JOIN endpoint e ON e.id = p.endpoint_id
    WHERE p.contact_id = k.id ORDER BY p.priority, p.endpoint_id LIMIT 1
) p ON true
LEFT JOIN LATERAL (
    SELECT s.at, s.property_address FROM showing s WHERE s.contact_id = k.id AND s.at > $5 ORDER BY s.at, s.id LIMIT 1
) s ON true
WHERE t.workspace_id = $1 AND (t.owner_id IS NULL OR t.owner_id = $2) AND t.id = $3;

-- name: known
-- What is known of each of these contacts: its own words, its first number, its next showing after $3.
SELECT k.id, k.first_name, k.last_name, k.property_address, k.zone, k.custom, p.address, s.at AS showing_at,
       s.property_address AS showing_address
FROM unnest($2::bigint[]) AS g (id)
JOIN contact k ON k.id = g.id AND k.workspace_id = $1 AND k.deleted_at IS NULL
LEFT JOIN LATERAL (
    SELECT e.address FROM contact_phone p JOIN endpoint e ON e.id = p.endpoint_id
    WHERE p.contact_id = k.id ORDER BY p.priority, p.endpoint_id LIMIT 1
) p ON true
LEFT JOIN LATERAL (
    SELECT s.at, s.property_address FROM showing s WHERE s.contact_id = k.id AND s.at > $3 ORDER BY s.at, s.id LIMIT 1
) s ON true;
