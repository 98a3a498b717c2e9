-- name: page
-- A page of reviews below the cursor: open ones first, then those decided last.
SELECT r.id, r.thread_id, r.seq, r.kind, r.text, r.at, r.decided_at, r.decision, m.name AS decided_by, e.address, c.name
FROM review r
JOIN endpoint e ON e.id = r.endpoint_id
LEFT JOIN member m ON m.id = r.decided_by
LEFT JOIN LATERAL (
    SELECT nullif(btrim(k.first_name || ' ' || k.last_name), '') AS name
    FROM contact_phone p JOIN contact k ON k.id = p.contact_id WHERE p.endpoint_id = e.id
) c ON true
WHERE r.workspace_id = $1 AND ($2::bigint IS NULL OR r.thread_id = $2)
  AND ($4::bigint IS NULL OR (coalesce(r.decided_at, 'infinity'), r.id) < (coalesce($3::timestamptz, 'infinity'), $4))
ORDER BY coalesce(r.decided_at, 'infinity') DESC, r.id DESC LIMIT $5;

-- name: one
-- One review.
SELECT r.id, r.thread_id, r.seq, r.kind, r.text, r.at, r.decided_at, r.decision, m.name AS decided_by, e.address, c.name
FROM review r
JOIN endpoint e ON e.id = r.endpoint_id
LEFT JOIN member m ON m.id = r.decided_by
LEFT JOIN LATERAL (
    SELECT nullif(btrim(k.first_name || ' ' || k.last_name), '') AS name
    FROM contact_phone p JOIN contact k ON k.id = p.contact_id WHERE p.endpoint_id = e.id
) c ON true
WHERE r.workspace_id = $1 AND r.id = $2;

-- name: open_counts
-- How many wait in each workspace, and how many of them each member sees from whom a number is hidden.
SELECT w.id, (SELECT count(*) FROM review r WHERE r.workspace_id = w.id AND coalesce(r.decided_at, 'infinity') = 'infinity') AS open,
       m.id AS member_id, (
           SELECT count(*) FROM review r JOIN thread t ON t.id = r.thread_id
           WHERE m.id IS NOT NULL AND r.workspace_id = w.id AND coalesce(r.decided_at, 'infinity') = 'infinity' AND NOT t.numbers && m.hidden
       ) AS seen
FROM unnest($1::bigint[]) AS w (id)
LEFT JOIN LATERAL (
    SELECT k.id, h.hidden FROM (SELECT DISTINCT n.workspace_id FROM number n WHERE n.workspace_id = w.id AND n.owner_id IS NOT NULL) o
    JOIN member k ON k.workspace_id = o.workspace_id CROSS JOIN LATERAL (SELECT hidden_from(k.id) AS hidden OFFSET 0) h
    WHERE h.hidden <> '{}'
) m ON true;

-- name: decide
-- A person decides.
SELECT * FROM decide_review($1, $2, $3, $4, $5);
