-- name: due
-- Rows of a number that may leave now, for the limiter, without locks: of each stream (lane, campaign, destination carrier)
-- the first ones by due time and id, so that a stream that is held up hides no other. The index gives each in one step.
-- $4 to $6: lanes, campaigns and carriers of the streams that are left out; OFFSET 0 leaves them out before their rows are read.
WITH RECURSIVE stream AS (
    (SELECT o.lane, coalesce(o.campaign_id, 0) AS campaign, o.dest_carrier FROM outbox o
     WHERE o.number_id = $1 AND o.state = 'queued'
     ORDER BY o.lane, coalesce(o.campaign_id, 0), o.dest_carrier LIMIT 1)
    UNION ALL
    SELECT n.* FROM stream s CROSS JOIN LATERAL (
        SELECT o.lane, coalesce(o.campaign_id, 0), o.dest_carrier FROM outbox o
        WHERE o.number_id = $1 AND o.state = 'queued'
          AND (o.lane, coalesce(o.campaign_id, 0), o.dest_carrier) > (s.lane, s.campaign, s.dest_carrier)
        ORDER BY o.lane, coalesce(o.campaign_id, 0), o.dest_carrier LIMIT 1) n
)
SELECT r.*, c.rate AS campaign_rate FROM (
    SELECT s.* FROM stream s
    WHERE NOT EXISTS (SELECT FROM unnest($4::smallint[], $5::bigint[], $6::text[]) AS f (lane, campaign, carrier)
                      WHERE (f.lane, f.campaign, f.carrier) = (s.lane, s.campaign, s.dest_carrier))
    OFFSET 0
) s CROSS JOIN LATERAL (
    SELECT o.id, o.number_id, o.lane, o.cost, o.campaign_id, o.dest_carrier, o.due_at FROM outbox o
    WHERE o.number_id = $1 AND o.state = 'queued' AND o.lane = s.lane AND coalesce(o.campaign_id, 0) = s.campaign
      AND o.dest_carrier = s.dest_carrier AND o.due_at <= $2
    ORDER BY o.due_at, o.id LIMIT $3) r
LEFT JOIN campaign c ON c.id = r.campaign_id
ORDER BY r.lane, r.due_at, r.id;

-- name: claim_granted
-- T3, first half: claim, lock, and read what the gate looks at.
SELECT * FROM claim_granted($1, $2, $3, $4, $5, $6);

-- name: settle_verdicts
-- T3, second half: write down what the gate said.
SELECT * FROM settle_verdicts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: settle_attempts
-- T4: the outcomes of attempts.
SELECT * FROM settle_attempts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: apply_receipts
-- T5: receipts; those that nothing is known of are kept.
SELECT * FROM apply_receipts($1, $2, $3, $4, $5, $6, $7, $8, true);

-- name: join_early_receipts
-- Receipts that were kept and whose provider id is bound by now.
SELECT * FROM join_early_receipts($1, $2, $3);

-- name: spend_day_of
-- A receipt says that the day of its number's brand is used up.
INSERT INTO daily_use (brand_id, day, spent_at)
SELECT g.brand_id, $3, clock_timestamp()
FROM provider_ref r
JOIN attempt a ON a.id = r.attempt_id
JOIN number n ON n.id = a.number_id
JOIN registration g ON g.id = n.registration_id
WHERE r.account_id = $1 AND r.kind = 'mt' AND r.provider_id = $2
ON CONFLICT (brand_id, day) DO UPDATE SET spent_at = coalesce(daily_use.spent_at, EXCLUDED.spent_at);
