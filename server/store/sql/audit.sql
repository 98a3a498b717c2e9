-- name: newest
-- Entries of a workspace, the newest first.
SELECT a.id, a.at, a.action, a.detail::text, a.member_id, m.name AS member
FROM audit a LEFT JOIN member m ON m.id = a.member_id
WHERE a.workspace_id = $1 AND a.at >= $2 AND a.at < $3 AND (a.at, a.id) < ($4::timestamptz, $5::bigint)
ORDER BY a.at DESC, a.id DESC LIMIT $6;

-- name: of_member
-- What one member did.
SELECT a.id, a.at, a.action, a.detail::text, a.member_id, m.name AS member
FROM audit a JOIN member m ON m.id = a.member_id
WHERE a.workspace_id = $1 AND a.at >= $2 AND a.at < $3 AND (a.at, a.id) < ($4::timestamptz, $5::bigint) AND a.member_id = $7
ORDER BY a.at DESC, a.id DESC LIMIT $6;

-- name: of_kinds
-- Entries of some kinds, by anybody or one member: the newest of each kind, and of those the newest, so that a rare kind is not
-- looked for among all others.
SELECT q.id, q.at, q.action, q.detail::text, q.member_id, m.name AS member
FROM unnest($7::text[]) k (action) CROSS JOIN LATERAL (
    SELECT a.* FROM audit a
    WHERE a.workspace_id = $1 AND a.action = k.action AND a.at >= $2 AND a.at < $3
      AND (a.at, a.id) < ($4::timestamptz, $5::bigint) AND ($8::bigint IS NULL OR a.member_id = $8)
    ORDER BY a.at DESC, a.id DESC LIMIT $6) q
LEFT JOIN member m ON m.id = q.member_id
ORDER BY q.at DESC, q.id DESC LIMIT $6;

-- name: names
-- What these are called by now, $2 and $3: what each is of, and its id. Who has no name is called by the number.
SELECT w.what, w.id, coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), (
           SELECT e.address FROM contact_phone p JOIN endpoint e ON e.id = p.endpoint_id WHERE p.contact_id = c.id
           ORDER BY e.id LIMIT 1)) AS name
FROM unnest($2::text[], $3::bigint[]) w (what, id) JOIN contact c ON c.workspace_id = $1 AND c.id = w.id WHERE w.what = 'contact'
UNION ALL
SELECT w.what, w.id, e.address
FROM unnest($2::text[], $3::bigint[]) w (what, id) JOIN endpoint e ON e.workspace_id = $1 AND e.id = w.id WHERE w.what = 'endpoint'
UNION ALL
SELECT w.what, w.id, coalesce((
           SELECT nullif(btrim(c.first_name || ' ' || c.last_name), '') FROM contact_phone p JOIN contact c ON c.id = p.contact_id
           WHERE p.endpoint_id = t.endpoint_id ORDER BY c.id LIMIT 1), e.address)
FROM unnest($2::text[], $3::bigint[]) w (what, id) JOIN thread t ON t.workspace_id = $1 AND t.id = w.id
JOIN endpoint e ON e.id = t.endpoint_id WHERE w.what = 'thread'
UNION ALL
SELECT w.what, w.id, c.name
FROM unnest($2::text[], $3::bigint[]) w (what, id) JOIN campaign c ON c.workspace_id = $1 AND c.id = w.id WHERE w.what = 'campaign'
UNION ALL
SELECT w.what, w.id, i.name
FROM unnest($2::text[], $3::bigint[]) w (what, id) JOIN import i ON i.workspace_id = $1 AND i.id = w.id WHERE w.what = 'import'
UNION ALL
SELECT w.what, w.id, m.name
FROM unnest($2::text[], $3::bigint[]) w (what, id) JOIN member m ON m.workspace_id = $1 AND m.id = w.id WHERE w.what = 'member'
UNION ALL
SELECT w.what, w.id, n.address
FROM unnest($2::text[], $3::bigint[]) w (what, id) JOIN number n ON n.workspace_id = $1 AND n.id = w.id WHERE w.what = 'number'
UNION ALL
SELECT w.what, w.id, a.sid
FROM unnest($2::text[], $3::bigint[]) w (what, id)
JOIN carrier_account a ON a.workspace_id = $1 AND a.id = w.id WHERE w.what = 'account'
UNION ALL
SELECT w.what, w.id, b.name
FROM unnest($2::text[], $3::bigint[]) w (what, id) JOIN brand b ON b.workspace_id = $1 AND b.id = w.id WHERE w.what = 'brand'
UNION ALL
SELECT w.what, w.id, r.name
FROM unnest($2::text[], $3::bigint[]) w (what, id)
JOIN registration r ON r.workspace_id = $1 AND r.id = w.id WHERE w.what = 'registration'
UNION ALL
SELECT w.what, w.id, s.name
FROM unnest($2::text[], $3::bigint[]) w (what, id)
JOIN stage s ON s.workspace_id = $1 AND s.id = w.id WHERE w.what = 'stage';
