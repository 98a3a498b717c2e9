-- name: open
-- Of which something is to be done, now or soon: drafts whose rows are to go, paused ones with texts that are to be taken back.
SELECT c.id FROM campaign c
WHERE c.kind = 'campaign' AND c.ended_at IS NULL AND (c.state <> 'draft' OR c.audience > 0)
  AND (c.state <> 'paused' OR c.build_after IS NOT NULL
       OR EXISTS (SELECT FROM outbox o WHERE o.campaign_id = c.id AND o.state IN ('queued', 'held')))
ORDER BY c.id;

-- name: look
-- Whether anything is to be done, read without a lock; more is told than there is, never less.
SELECT c.id, c.state, c.plan, c.audience, c.build_after, c.due_at, c.rate, c.places, c.last_batch_at, c.next_batch_at,
       c.skip_as, s.pending, s.in_flight, t.wired, t.rejected, t.undelivered, t.opted_out, h.queued, h.pace,
       EXISTS (SELECT FROM outbox o
               WHERE o.campaign_id = c.id AND o.state IN ('queued', 'held')
                 AND (c.state = 'cancelled' OR (o.id <= c.made_after AND o.klass = 'bulk' AND o.resends = 0))) AS takes_back,
       (SELECT count(*) FROM (SELECT FROM campaign_stat_delta d WHERE d.campaign_id = c.id LIMIT $3) d) >= $3 AS folds,
       EXISTS (SELECT FROM campaign_recipient q WHERE q.campaign_id = c.id AND q.thread_id IS NULL AND q.reason IS NULL
               AND q.due_at IS NULL AND q.ord <= p.places
               AND q.ord > CASE WHEN c.asleep_until > $2 THEN c.asleep_to ELSE 0 END) AS ready,
       EXISTS (SELECT FROM campaign_recipient q WHERE q.campaign_id = c.id AND q.thread_id IS NULL AND q.reason IS NULL
               AND q.due_at IS NULL AND q.ord <= p.places AND q.ord > c.looked_to) AS unseen,
       EXISTS (SELECT FROM campaign_recipient q WHERE q.campaign_id = c.id AND q.thread_id IS NULL AND q.reason IS NULL
               AND q.due_at IS NULL AND q.ord > p.places) AS beyond,
       EXISTS (SELECT FROM campaign_recipient q WHERE q.campaign_id = c.id AND q.thread_id IS NULL AND q.reason IS NULL
               AND q.due_at IS NOT NULL AND q.due_at <= $2) AS again
FROM campaign c
CROSS JOIN LATERAL (SELECT CASE WHEN c.plan ->> 'drip' IS NULL THEN 2147483647 ELSE coalesce(c.places, 0) END AS places) p
CROSS JOIN LATERAL campaign_sums(c.id) s
CROSS JOIN LATERAL campaign_tally(c.id) t
CROSS JOIN LATERAL (
    SELECT coalesce(sum(o.cost) FILTER (WHERE o.state = 'queued' AND o.due_at <= $2), 0)::integer AS queued,
           (SELECT coalesce(sum(n.rate), 0) FROM number n
            WHERE n.id = c.number_id OR n.id = ANY (array_agg(DISTINCT o.number_id))) AS pace
    FROM outbox o WHERE o.campaign_id = c.id AND o.state IN ('queued', 'held')) h
WHERE c.id = $1 AND c.kind = 'campaign' AND c.ended_at IS NULL AND (c.state <> 'draft' OR c.audience > 0);

-- name: claim
-- One server at a time carries it on.
SELECT c.id, c.workspace_id, c.name, c.state, c.plan, c.launched_by, c.launched_at, c.expected, c.build_after, c.audience, c.number_id,
       c.rate, c.due_at, c.places, c.last_batch_at, c.next_batch_at, c.skip_as,
       c.looked_to, c.asleep_to, c.asleep_until,
       w.link_base, w.sending_hours::text
FROM campaign c JOIN workspace w ON w.id = c.workspace_id
WHERE c.id = $1 AND c.kind = 'campaign' AND c.ended_at IS NULL AND (c.state <> 'draft' OR c.audience > 0)
FOR NO KEY UPDATE OF c SKIP LOCKED;

-- name: counted
-- How many a whole snapshot has, and how many of them get a text.
SELECT count(*)::integer AS audience, (count(*) FILTER (WHERE r.state = 'pending'))::integer AS recipients
FROM campaign_recipient r WHERE r.campaign_id = $1;

-- name: zones
-- Where recipients may be: a number of each area with what else is known of it.
SELECT min(e.address) AS address, e.places FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id
WHERE r.campaign_id = $1 AND r.state = 'pending' GROUP BY left(e.address, 5), e.places;

-- name: begin
-- The snapshot is whole and as the member was told: from here on it is carried out.
UPDATE campaign SET audience = $2, launched_at = $3, build_after = NULL, due_at = coalesce($4, due_at), version = version + 1,
       changed_xid = pg_current_xact_id()
WHERE id = $1;

-- name: refuse
-- A draft again, as if nobody had launched it; its rows are dropped in pieces. Not what was cancelled meanwhile.
UPDATE campaign SET state = 'draft', refused = $2, expected = $3, audience = 1, build_after = NULL, due_at = NULL, cmd_id = NULL,
       paused_why = NULL, launched_at = NULL, version = version + 1, changed_xid = pg_current_xact_id()
WHERE id = $1 AND build_after IS NOT NULL;

-- name: drop
-- Rows of a snapshot that is not launched, with what they have added to the sums.
DELETE FROM campaign_recipient r
WHERE r.campaign_id = $1 AND r.ord IN (SELECT q.ord FROM campaign_recipient q WHERE q.campaign_id = $1 ORDER BY q.ord LIMIT $2)
RETURNING r.state;

-- name: note_gone
-- So many in this state are gone: the sums of what is dropped in pieces are those of its rows, too.
SELECT note_moved($1, $2, $3, NULL, $4);

-- name: forget
-- Its sums.
SELECT forget_stats($1);

-- name: dropped
-- Nothing is left of it.
UPDATE campaign SET audience = 0, changed_xid = pg_current_xact_id() WHERE id = $1;

-- name: due
-- Its hour is another one now.
UPDATE campaign SET due_at = $2, changed_xid = pg_current_xact_id() WHERE id = $1;

-- name: next
-- Whose turn it is after place $5 within the first $2, with what is known of their numbers now: first those whose text was taken
-- back and is due by $3, then the others in their order.
SELECT r.*, e.address, e.opted_out, e.held, e.carrier_blocked, e.invalid_reason IS NOT NULL AS invalid,
       e.consented_at IS NOT NULL AS consented, e.places
FROM (
    (SELECT q.ord, q.round, q.variant, q.contact_id, q.endpoint_id, q.replied_at, q.due_at FROM campaign_recipient q
     WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL AND q.due_at IS NOT NULL AND q.due_at <= $3
     ORDER BY q.due_at, q.ord LIMIT $4)
    UNION ALL
    (SELECT q.ord, q.round, q.variant, q.contact_id, q.endpoint_id, q.replied_at, q.due_at FROM campaign_recipient q
     WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL AND q.due_at IS NULL
       AND q.ord > $5 AND q.ord <= coalesce($2::integer, 2147483647)
     ORDER BY q.ord LIMIT $4)
) r JOIN endpoint e ON e.id = r.endpoint_id ORDER BY r.due_at, r.ord;

-- name: areas
-- Where the next $4 after place $3 are, each area once: all of one are awake, or none.
SELECT left(r.address, 5) || array_to_string(r.places, ' ') AS area, min(r.address) AS address, r.places,
       max(r.ord) AS last, count(*)::integer AS n
FROM (SELECT q.ord, e.address, e.places FROM campaign_recipient q JOIN endpoint e ON e.id = q.endpoint_id
      WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL AND q.due_at IS NULL
        AND q.ord > $3 AND q.ord <= coalesce($2::integer, 2147483647)
      ORDER BY q.ord LIMIT $4) r
GROUP BY 1, 3;

-- name: next_in
-- Whose turn it is after place $2 up to place $3, of those in these areas.
SELECT q.ord, q.round, q.variant, q.contact_id, q.endpoint_id, q.replied_at, q.due_at, e.address, e.opted_out, e.held,
       e.carrier_blocked, e.invalid_reason IS NOT NULL AS invalid, e.consented_at IS NOT NULL AS consented, e.places
FROM campaign_recipient q JOIN endpoint e ON e.id = q.endpoint_id
WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL AND q.due_at IS NULL AND q.ord > $2 AND q.ord <= $3
  AND left(e.address, 5) || array_to_string(e.places, ' ') = ANY ($4::text[])
ORDER BY q.ord LIMIT $5;

-- name: asleep
-- Up to this place everybody's turn has come, and who has got nothing sleeps until then at least.
UPDATE campaign SET looked_to = greatest(looked_to, $2), asleep_to = $2, asleep_until = $3 WHERE id = $1;

-- name: postpone
-- Of those whose text was taken back: their hour has not come.
UPDATE campaign_recipient r SET due_at = g.due_at FROM unnest($2::integer[], $3::timestamptz[]) AS g (ord, due_at)
WHERE r.campaign_id = $1 AND r.ord = g.ord AND r.thread_id IS NULL AND r.reason IS NULL;

-- name: skip_beyond
-- A piece of those beyond a place who get none any more.
UPDATE campaign_recipient r SET state = 'skipped', reason = $3
WHERE r.campaign_id = $1 AND r.ord IN (
    (SELECT q.ord FROM campaign_recipient q
     WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL AND q.due_at IS NULL AND q.ord > $2
     ORDER BY q.ord LIMIT $4)
    UNION ALL
    (SELECT q.ord FROM campaign_recipient q
     WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL AND q.due_at IS NOT NULL AND q.ord > $2 LIMIT $4))
RETURNING r.ord;

-- name: note_moved
-- So many pending ones are in another state now.
SELECT note_moved($1, $2, 'pending', $3, $4);

-- name: any_waiting
-- Whether the turn of anybody within the first $2 places has not come, or comes again: a batch begins when the one before is
-- through. Whoever sleeps holds up nobody.
SELECT EXISTS (SELECT FROM campaign_recipient q WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL
               AND q.due_at IS NULL AND q.ord > $3 AND q.ord <= $2)
    OR EXISTS (SELECT FROM campaign_recipient q WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL
               AND q.due_at IS NOT NULL AND q.due_at <= $4);

-- name: place_of
-- The place of the last one of the next so many who are pending.
SELECT max(q.ord) FROM (
    SELECT r.ord FROM campaign_recipient r
    WHERE r.campaign_id = $1 AND r.ord > $2 AND r.state = 'pending' ORDER BY r.ord LIMIT $3) q;

-- name: batch
-- A batch of a drip begins.
UPDATE campaign SET places = $2, last_batch_at = $3, next_batch_at = $4, changed_xid = pg_current_xact_id() WHERE id = $1;

-- name: next_batch
-- When the next batch begins.
UPDATE campaign SET next_batch_at = $2, changed_xid = pg_current_xact_id() WHERE id = $1;

-- name: all_at_end
-- Whoever is pending is skipped for this reason.
UPDATE campaign SET skip_as = $2, next_batch_at = NULL, changed_xid = pg_current_xact_id() WHERE id = $1;

-- name: undecided
-- How many are pending or in flight by the sums: its end is not looked for among a million rows twice a second.
SELECT s.pending + s.in_flight FROM campaign_sums($1) s;

-- name: end
-- It has ended: nobody is pending or in flight. Decided from the rows.
UPDATE campaign c SET ended_at = $2, state = CASE c.state WHEN 'active' THEN 'completed' ELSE c.state END, built_at = $2,
       audience = CASE WHEN c.launched_at IS NULL
                       THEN (SELECT count(*) FROM campaign_recipient r WHERE r.campaign_id = c.id) ELSE c.audience END,
       next_batch_at = NULL, version = c.version + 1, changed_xid = pg_current_xact_id()
WHERE c.id = $1 AND NOT EXISTS (
    SELECT FROM campaign_recipient r WHERE r.campaign_id = c.id AND r.state IN ('pending', 'in_flight'))
RETURNING c.id;
