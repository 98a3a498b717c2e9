-- name: make_targets
-- Where links lead, once for each workspace; in the order of their addresses, so that no two campaigns wait for each other.
INSERT INTO link_target (workspace_id, url) SELECT $1, g.url FROM unnest($2::text[]) AS g (url)
WHERE NOT EXISTS (SELECT FROM link_target t WHERE t.workspace_id = $1 AND md5(t.url) = md5(g.url)) ORDER BY g.url
ON CONFLICT DO NOTHING;

-- name: targets
-- Those that are there.
SELECT t.id, t.url FROM unnest($2::text[]) AS g (url)
JOIN link_target t ON t.workspace_id = $1 AND md5(t.url) = md5(g.url) AND t.url = g.url;

-- name: make_links
-- A link for each recipient and target. What is there stays: the recipient's own, or another's token.
INSERT INTO link (token, workspace_id, target_id, campaign_id, ord)
SELECT g.token, $1, g.target_id, $2, g.ord FROM unnest($3::integer[], $4::bigint[], $5::text[]) AS g (ord, target_id, token)
ON CONFLICT DO NOTHING;

-- name: links_of
-- Of these recipients.
SELECT k.ord, k.target_id, k.token FROM link k WHERE k.campaign_id = $1 AND k.ord = ANY ($2::integer[]);
