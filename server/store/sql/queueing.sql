-- name: lock_shared
-- A stop waits for whoever adds to the queue, and whoever comes later sees it.
SELECT pg_advisory_xact_lock_shared($1);

-- name: ahead
-- Segments that are queued and due, and the pace of the numbers that they leave from, with the one of new threads.
SELECT coalesce(sum(q.cost), 0)::integer AS queued,
       (SELECT coalesce(sum(n.rate), 0) FROM number n
        WHERE n.id = $2 OR n.id IN (SELECT o.number_id FROM outbox o WHERE o.campaign_id = $1 AND o.state IN ('queued', 'held')))
           AS rate
FROM (SELECT o.cost FROM outbox o WHERE o.campaign_id = $1 AND o.state = 'queued' AND o.due_at <= $3) q;

-- name: skip
-- Recipients that get no text after all.
WITH moved AS (
    UPDATE campaign_recipient r SET state = 'skipped', reason = g.reason, body = NULL
    FROM unnest($2::integer[], $3::text[]) AS g (ord, reason)
    WHERE r.campaign_id = $1 AND r.ord = g.ord AND r.thread_id IS NULL AND r.reason IS NULL RETURNING r.ord
)
SELECT note_moved($1, $4, 'pending', 'skipped', count(*)) FROM moved;

-- name: make_threads
-- A thread of its own for each recipient; those that exist are locked and keep their number, all in the order of numbers. Of
-- what is not quiet the inbox shows them all from now on.
INSERT INTO thread AS t (workspace_id, endpoint_id, number_id, last_at, listed)
SELECT $1, g.endpoint_id, $3, $4, NOT $5::boolean FROM unnest($2::bigint[]) AS g (endpoint_id) ORDER BY g.endpoint_id
ON CONFLICT (workspace_id, endpoint_id) DO UPDATE SET listed = true WHERE EXCLUDED.listed AND NOT t.listed;

-- name: threads
-- The threads of these numbers, as they stand under their locks. others_at: when another campaign's text left;
-- others_wait: one of another's is to leave now. hidden: by now it is not for whoever launched this one, and that not for its own number.
SELECT t.endpoint_id, t.id, t.last_in_at, CASE WHEN t.campaign_id <> $3 THEN t.campaign_at END AS others_at,
       EXISTS (SELECT FROM outbox o WHERE o.thread_id = t.id AND o.campaign_id <> $3) AS others_wait,
       $4::bigint IS NOT NULL AND array_remove(t.numbers, $5) && (SELECT hidden_from($4)) AS hidden
FROM thread t WHERE t.workspace_id = $1 AND t.endpoint_id = ANY ($2::bigint[]);

-- name: queued
-- Recipients whose text is queued: the text has it all from here on.
WITH moved AS (
    UPDATE campaign_recipient r SET state = 'in_flight', thread_id = g.thread_id, seq = g.seq, segments = g.segments, body = NULL,
           due_at = NULL
    FROM unnest($2::integer[], $3::bigint[], $4::bigint[], $5::smallint[]) AS g (ord, thread_id, seq, segments)
    WHERE r.campaign_id = $1 AND r.ord = g.ord RETURNING r.ord
)
SELECT note_moved($1, $6, 'pending', 'in_flight', count(*)) FROM moved;

-- name: recall_queued
-- What is queued of a cancelled one goes, a piece at a time.
SELECT * FROM recall_queued($1, $2, $3);

-- name: fold
-- Add differences to the sums.
SELECT fold_stats($1, $2, $3);
