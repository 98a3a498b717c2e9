-- name: living_here
-- Nodes of this host and boot that nobody has declared gone.
SELECT gen, pid FROM node WHERE host = $1 AND boot_id = $2 AND left_at IS NULL ORDER BY gen;

-- name: declare_gone
-- Their processes are no more: waits for what their connections still had under way.
UPDATE node SET left_at = clock_timestamp(), expires_at = least(expires_at, clock_timestamp())
WHERE gen = ANY ($1) AND left_at IS NULL;

-- name: join
-- A new generation.
INSERT INTO node (host, boot_id, pid, journal_id, expires_at) VALUES ($1, $2, $3, $4, clock_timestamp() + $5::interval)
RETURNING gen;

-- name: beat
-- Extend the lease, also of one that expired in an outage; not of one that was declared dead.
UPDATE node SET expires_at = clock_timestamp() + $2::interval WHERE gen = $1 AND left_at IS NULL AND fenced_at IS NULL;

-- name: leave
-- This generation authorises nothing any more.
UPDATE node SET left_at = clock_timestamp(), expires_at = least(expires_at, clock_timestamp())
WHERE gen = $1 AND left_at IS NULL;

-- name: take_limiter
-- Take or renew the authority to grant.
SELECT epoch, wait_s FROM take_limiter($1, $2::interval, $3);

-- name: share_limiter
-- Let all who live grant, by leases of one keeper.
SELECT epoch, wait_s FROM share_limiter($1, $2, $3);

-- name: join_limiter
-- Which keeper we reach, and whether the limits are shared by it.
SELECT epoch, wait_s, gens FROM join_limiter($1, $2);

-- name: charge_day
-- A block of a brand's day, before it is used.
SELECT segments, spent FROM charge_day($1, $2, $3, $4, $5);

-- name: give_back_day
-- What was charged and will certainly not be used.
UPDATE daily_use SET used = greatest(0, used - $3) WHERE brand_id = $1 AND day = $2;

-- name: spend_day
-- The carrier says that the day is used up.
INSERT INTO daily_use (brand_id, day, spent_at) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (brand_id, day) DO UPDATE SET spent_at = coalesce(daily_use.spent_at, EXCLUDED.spent_at);

-- name: hand_over_limiter
-- To another live node, at the wish of a person.
SELECT epoch, wait_s FROM hand_over_limiter($1, $2::interval);

-- name: living
-- The nodes that run, with who has the limiter's authority.
SELECT n.gen, n.host, n.pid, n.started_at, coalesce(n.gen = l.gen OR n.keeper = l.keeper, false) AS holds, l.epoch,
       l.not_before > clock_timestamp() AS waits
FROM node n CROSS JOIN limiter_authority l
WHERE n.left_at IS NULL AND n.fenced_at IS NULL AND n.expires_at > clock_timestamp()
ORDER BY n.gen;

-- name: tell_tree
-- A server's tree of actors as it is now; of those that are long gone none is kept.
WITH gone AS (
    DELETE FROM node_tree t USING node n
    WHERE n.gen = t.gen AND coalesce(n.left_at, n.fenced_at) < clock_timestamp() - interval '15 min'
)
INSERT INTO node_tree (gen, tree, told_at) VALUES ($1, $2::jsonb, clock_timestamp())
ON CONFLICT (gen) DO UPDATE SET tree = EXCLUDED.tree, told_at = EXCLUDED.told_at;

-- name: seen
-- The servers that run, or ended a while ago, with the tree that each told last.
SELECT n.gen, n.host, n.pid, n.started_at,
       coalesce(n.gen = l.gen OR n.keeper = l.keeper, false) AND n.left_at IS NULL AND n.fenced_at IS NULL AS holds,
       n.left_at, n.fenced_at, greatest(0, extract(epoch FROM clock_timestamp() - n.expires_at))::double precision AS silent_s,
       extract(epoch FROM clock_timestamp() - t.told_at)::double precision AS told_s, t.tree::text AS tree
FROM node n CROSS JOIN limiter_authority l LEFT JOIN node_tree t ON t.gen = n.gen
WHERE coalesce(n.left_at, n.fenced_at, 'infinity') > clock_timestamp() - interval '15 min'
ORDER BY n.gen DESC LIMIT 50;
