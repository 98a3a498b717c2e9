-- name: listen
-- Keep this workspace's events from now on.
INSERT INTO integration_stream (workspace_id) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: number
-- Give what waits its place in the streams.
SELECT v.workspace_id, v.seq, v.kind, v.data::text, v.at,
       CASE WHEN EXISTS (SELECT FROM number n WHERE n.workspace_id = v.workspace_id AND n.owner_id IS NOT NULL)
            THEN seen_by(numbers_of(v.workspace_id, v.data)) END AS seen_by
FROM number_events($1) v;

-- name: after
-- Events behind a place, with the ends of the stream.
SELECT s.last_seq AS head, o.seq AS oldest, e.workspace_id, e.seq, e.kind, e.data::text, e.at,
       CASE WHEN EXISTS (SELECT FROM public.number n WHERE n.workspace_id = $1 AND n.owner_id IS NOT NULL)
            THEN seen_by(numbers_of(e.workspace_id, e.data)) END AS seen_by
FROM (SELECT coalesce(max(x.last_seq), 0) AS last_seq FROM integration_stream x WHERE x.workspace_id = $1) s
LEFT JOIN LATERAL (SELECT f.seq FROM integration_event f WHERE f.workspace_id = $1 ORDER BY f.seq LIMIT 1) o ON true
LEFT JOIN LATERAL (
    SELECT * FROM integration_event f WHERE f.workspace_id = $1 AND f.seq > $2 ORDER BY f.seq LIMIT $3) e ON true
ORDER BY e.seq;

-- name: newest
-- The newest events, with the ends of the stream.
SELECT s.last_seq AS head, o.seq AS oldest, e.workspace_id, e.seq, e.kind, e.data::text, e.at,
       CASE WHEN EXISTS (SELECT FROM public.number n WHERE n.workspace_id = $1 AND n.owner_id IS NOT NULL)
            THEN seen_by(numbers_of(e.workspace_id, e.data)) END AS seen_by
FROM (SELECT coalesce(max(x.last_seq), 0) AS last_seq FROM integration_stream x WHERE x.workspace_id = $1) s
LEFT JOIN LATERAL (SELECT f.seq FROM integration_event f WHERE f.workspace_id = $1 ORDER BY f.seq LIMIT 1) o ON true
LEFT JOIN LATERAL (
    SELECT * FROM integration_event f WHERE f.workspace_id = $1 ORDER BY f.seq DESC LIMIT $2) e ON true
ORDER BY e.seq;
