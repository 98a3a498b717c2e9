-- name: endpoints
-- A workspace's endpoints; of one, where one is asked for.
SELECT id, url, kinds, secret, old_secret_until, disabled_at, disabled_why, created_at FROM webhook_endpoint
WHERE workspace_id = $1 AND ($2::bigint IS NULL OR id = $2) ORDER BY id DESC;

-- name: add
-- A new endpoint.
INSERT INTO webhook_endpoint (workspace_id, member_id, url, kinds, secret) VALUES ($1, $2, $3, $4, $5)
RETURNING id, url, kinds, secret, old_secret_until, disabled_at, disabled_why, created_at;

-- name: change
-- Another address, other kinds, on or off; what is null stays.
UPDATE webhook_endpoint SET url = coalesce($3, url), kinds = coalesce($4::text[], kinds),
       disabled_at = CASE WHEN $5::boolean THEN coalesce(disabled_at, $6) WHEN NOT $5 THEN NULL ELSE disabled_at END,
       disabled_why = CASE WHEN $5 THEN coalesce(disabled_why, 'Somebody turned it off.') WHEN NOT $5 THEN NULL ELSE disabled_why END
WHERE workspace_id = $1 AND id = $2
RETURNING id, url, kinds, secret, old_secret_until, disabled_at, disabled_why, created_at;

-- name: rotate
-- A new secret; the old one signs too for a while.
UPDATE webhook_endpoint SET old_secret = secret, old_secret_until = $4, secret = $3 WHERE workspace_id = $1 AND id = $2
RETURNING id, url, kinds, secret, old_secret_until, disabled_at, disabled_why, created_at;

-- name: deliveries
-- The log of an endpoint, the newest first.
SELECT d.id, d.endpoint_id, d.event_seq, e.kind, d.state, d.tries, d.due_at, d.tried_at, d.status, d.error, e.at
FROM webhook_delivery d JOIN integration_event e ON e.workspace_id = d.workspace_id AND e.seq = d.event_seq
WHERE d.workspace_id = $1 AND d.endpoint_id = $2 AND ($3::bigint IS NULL OR d.event_seq < $3)
ORDER BY d.event_seq DESC LIMIT $4;

-- name: replay
-- Try it again from the start.
WITH again AS (
    UPDATE webhook_delivery SET state = 'pending', tries = 0, due_at = clock_timestamp() WHERE workspace_id = $1 AND id = $2
    RETURNING *
)
SELECT d.id, d.endpoint_id, d.event_seq, e.kind, d.state, d.tries, d.due_at, d.tried_at, d.status, d.error, e.at
FROM again d JOIN integration_event e ON e.workspace_id = d.workspace_id AND e.seq = d.event_seq;

-- name: audit
-- What somebody did.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, $3, $4::jsonb);

-- name: claim
-- Take deliveries that are due, some of each endpoint; a try that is not settled in time is made again. $4, $5: the shard and the term
-- under which, if any: it is looked at before anything is taken, and one row says so, whatever there is. What the member who made the
-- endpoint may not see any more (domain.sight) is given up instead.
WITH borne AS MATERIALIZED (
    SELECT CASE WHEN $4::text IS NULL THEN true ELSE bears_term($4, $5) END AS borne
), due AS (
    SELECT d.id FROM webhook_delivery d JOIN webhook_endpoint w ON w.id = d.endpoint_id
    WHERE (SELECT b.borne FROM borne b) AND d.state = 'pending' AND d.due_at <= clock_timestamp() AND w.disabled_at IS NULL AND d.endpoint_id <> ALL ($2::bigint[])
    ORDER BY d.due_at, d.id LIMIT $1 FOR UPDATE OF d SKIP LOCKED
), taken AS (
    UPDATE webhook_delivery d SET tries = d.tries + 1, tried_at = clock_timestamp(),
           due_at = clock_timestamp() + make_interval(secs => $3),
           state = CASE WHEN s.hidden THEN 'failed' ELSE d.state END, status = CASE WHEN NOT s.hidden THEN d.status END,
           error = CASE WHEN s.hidden THEN 'Whoever made this endpoint may not see it any more.' ELSE d.error END
    FROM due JOIN webhook_delivery o ON o.id = due.id JOIN webhook_endpoint w ON w.id = o.endpoint_id
    JOIN integration_event e ON e.workspace_id = o.workspace_id AND e.seq = o.event_seq
    CROSS JOIN LATERAL (SELECT numbers_of(e.workspace_id, e.data) && hidden_from(w.member_id) AS hidden OFFSET 0) s
    WHERE d.id = due.id RETURNING d.*
)
SELECT b.borne, p.* FROM borne b LEFT JOIN (
    SELECT t.id, t.endpoint_id, t.tries, w.url, s.simulated, w.secret,
           CASE WHEN w.old_secret_until > clock_timestamp() THEN w.old_secret END AS old_secret,
           e.workspace_id, e.seq, e.kind, e.data::text, e.at
    FROM taken t JOIN webhook_endpoint w ON w.id = t.endpoint_id JOIN workspace s ON s.id = t.workspace_id
    JOIN integration_event e ON e.workspace_id = t.workspace_id AND e.seq = t.event_seq WHERE t.state = 'pending'
) p ON true ORDER BY p.workspace_id, p.seq;

-- name: settle
-- What came of a try, unless another one has begun meanwhile.
UPDATE webhook_delivery SET state = $3, status = $4, error = $5,
       due_at = CASE WHEN $6::double precision IS NULL THEN due_at ELSE clock_timestamp() + make_interval(secs => $6) END
WHERE id = $1 AND tries = $2 AND state = 'pending';

-- name: disable
-- Tell an endpoint nothing any more.
UPDATE webhook_endpoint SET disabled_at = coalesce(disabled_at, clock_timestamp()), disabled_why = $2 WHERE id = $1;
