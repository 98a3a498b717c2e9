-- name: due
-- Rows of a number that may leave now, for the limiter: by lane, due time and id, without locks.
SELECT id, number_id, lane, cost, campaign_id FROM outbox
WHERE number_id = $1 AND state = 'queued' AND due_at <= $2
ORDER BY lane, due_at, id LIMIT $3;

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
