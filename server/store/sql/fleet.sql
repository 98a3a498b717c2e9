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
SELECT epoch, wait_s FROM take_limiter($1, $2::interval);
