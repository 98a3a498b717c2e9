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
-- A link for each recipient and target, counted. What is there stays: the recipient's own, or another's token.
WITH made AS (
    INSERT INTO link (token, workspace_id, target_id, campaign_id, ord)
    SELECT g.token, $1, g.target_id, $2, g.ord FROM unnest($3::integer[], $4::bigint[], $5::text[]) AS g (ord, target_id, token)
    ON CONFLICT DO NOTHING RETURNING target_id
)
INSERT INTO link_made AS k (campaign_id, target_id, links)
SELECT $2, m.target_id, count(*) FROM made m GROUP BY m.target_id ORDER BY m.target_id
ON CONFLICT (campaign_id, target_id) DO UPDATE SET links = k.links + EXCLUDED.links;

-- name: links_of
-- Of these recipients.
SELECT k.ord, k.target_id, k.token FROM link k WHERE k.campaign_id = $1 AND k.ord = ANY ($2::integer[]);

-- name: target
-- Where a token leads.
SELECT t.url FROM link_target t WHERE t.id = coalesce(
    (SELECT k.target_id FROM link k WHERE k.token = $1), (SELECT k.target_id FROM test_link k WHERE k.token = $1));

-- name: keep_tests
-- The links of a test: visits of them are written nowhere, since they are none of anybody's.
INSERT INTO test_link (token, workspace_id, target_id, campaign_id)
SELECT g.token, $1, t.id, $2 FROM unnest($3::text[], $4::text[]) AS g (token, url)
JOIN link_target t ON t.workspace_id = $1 AND md5(t.url) = md5(g.url) AND t.url = g.url ON CONFLICT DO NOTHING;

-- name: sent_at
-- When the carrier took the texts of these links, or may have them since, where its answer is not in.
SELECT k.token, coalesce(r.left_at, (
    SELECT min(a.slot_at) FROM attempt a WHERE a.thread_id = r.thread_id AND a.seq = r.seq
    AND a.state IN ('authorised', 'accepted', 'unknown', 'resent', 'unconfirmed'))) AS sent_at
FROM link k JOIN campaign_recipient r ON r.campaign_id = k.campaign_id AND r.ord = k.ord
WHERE k.token = ANY ($1::text[]);

-- name: visits
-- Every one of them, once, and what they add to the sums; in the order of their links: two servers may tell of one link.
WITH kept AS (
    INSERT INTO link_click (token, at, bot, agent)
    SELECT DISTINCT v.token, v.at, v.bot, v.agent
    FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[]) AS v (token, at, bot, agent)
    WHERE EXISTS (SELECT FROM link k WHERE k.token = v.token)
      AND NOT EXISTS (SELECT FROM link_click c WHERE c.token = v.token AND c.at = v.at AND c.agent = v.agent)
    ORDER BY v.token, v.at RETURNING token, at, bot
), held AS (
    SELECT k.token, f.at FROM link k
    JOIN (SELECT x.token, min(x.at) AS at FROM kept x WHERE x.bot IS NULL GROUP BY x.token) f ON f.token = k.token
    WHERE k.visited_at IS NULL ORDER BY k.token FOR NO KEY UPDATE OF k
), first AS (
    UPDATE link k SET visited_at = h.at FROM held h WHERE k.token = h.token RETURNING k.campaign_id, k.target_id
)
INSERT INTO link_stat AS s (campaign_id, target_id, bot, people, visits)
SELECT q.campaign_id, q.target_id, q.bot, sum(q.people), sum(q.visits) FROM (
    SELECT k.campaign_id, k.target_id, coalesce(x.bot, '') AS bot, 0 AS people, 1 AS visits
    FROM kept x JOIN link k ON k.token = x.token
    UNION ALL SELECT f.campaign_id, f.target_id, '', 1, 0 FROM first f
) q GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (campaign_id, target_id, bot) DO UPDATE SET people = s.people + EXCLUDED.people, visits = s.visits + EXCLUDED.visits;

-- name: hold_threads
-- Of those recipients whom no person's visit is known of.
SELECT t.id FROM thread t WHERE t.id IN (
    SELECT r.thread_id FROM link k JOIN campaign_recipient r ON r.campaign_id = k.campaign_id AND r.ord = k.ord
    WHERE k.token = ANY ($1::text[]) AND r.clicked_at IS NULL)
ORDER BY t.endpoint_id FOR NO KEY UPDATE;

-- name: people
-- The first visit of a person to a recipient's links, with what that changes of the sums, by minutes; which campaigns have moved.
WITH first AS (
    SELECT k.campaign_id, k.ord, min(v.at) AS at FROM unnest($1::text[], $2::timestamptz[]) AS v (token, at)
    JOIN link k ON k.token = v.token GROUP BY k.campaign_id, k.ord
), clicked AS (
    UPDATE campaign_recipient r SET clicked_at = f.at FROM first f
    WHERE r.campaign_id = f.campaign_id AND r.ord = f.ord AND r.clicked_at IS NULL AND r.thread_id IS NOT NULL
    RETURNING r.workspace_id, r.campaign_id, r.clicked_at
), counted AS (
    INSERT INTO campaign_stat_delta (campaign_id, at, clicked)
    SELECT c.campaign_id, max(c.clicked_at), count(*) FROM clicked c
    GROUP BY c.campaign_id, date_trunc('minute', c.clicked_at, 'UTC')
)
SELECT DISTINCT c.workspace_id, c.campaign_id FROM clicked c;

-- name: is_there
-- Whether it is this workspace's.
SELECT c.id FROM campaign c WHERE c.workspace_id = $1 AND c.id = $2 AND c.kind = 'campaign';

-- name: clicks
-- Where a campaign's links lead, the most followed first: who has one, who followed it, how often. Where fewer targets than are
-- asked for were followed, those with the most links come after them.
WITH followed AS MATERIALIZED (
    SELECT s.target_id, s.people, s.visits FROM link_stat s WHERE s.campaign_id = $2 AND s.bot = ''
    ORDER BY s.people DESC, s.visits DESC, s.target_id LIMIT $3
), others AS (
    SELECT m.target_id, 0 AS people, 0 AS visits FROM link_made m
    WHERE m.campaign_id = $2 AND (SELECT count(*) FROM followed) < $3
      AND NOT EXISTS (SELECT FROM followed f WHERE f.target_id = m.target_id)
    ORDER BY m.links DESC, m.target_id LIMIT $3
)
SELECT t.id, t.url, coalesce(m.links, 0) AS links, q.people, q.visits
FROM (TABLE followed UNION ALL TABLE others) q JOIN link_target t ON t.workspace_id = $1 AND t.id = q.target_id
LEFT JOIN link_made m ON m.campaign_id = $2 AND m.target_id = q.target_id
ORDER BY q.people DESC, q.visits DESC, 3 DESC, t.id LIMIT $3;

-- name: bots
-- The visits of others to the links that lead there.
SELECT s.target_id, s.bot, s.visits FROM link_stat s
WHERE s.campaign_id = $1 AND s.target_id = ANY ($2::bigint[]) AND s.bot <> '';
