-- name: dead_nodes
-- Nodes that are gone, or expired so long ago that nothing they authorised may still leave, and have open claims.
SELECT n.gen, n.journal_id, n.host, n.boot_id, n.pid FROM node n
WHERE (n.left_at IS NOT NULL OR n.fenced_at IS NOT NULL OR n.expires_at < clock_timestamp() - $1::interval)
  AND EXISTS (SELECT FROM attempt a WHERE a.gen = n.gen AND a.state = 'authorised')
ORDER BY n.gen;

-- name: fence_node
-- From here on an expired node may not come back: waits for a T3 of it, then none can follow.
UPDATE node SET fenced_at = clock_timestamp()
WHERE gen = $1 AND left_at IS NULL AND fenced_at IS NULL AND expires_at < clock_timestamp() - $2::interval;

-- name: crashed_attempts
-- What a dead generation left authorised.
SELECT a.id, a.gen, a.account_id, a.thread_id, a.seq, n.address AS from_, e.address AS to_, m.body, a.authorised_at,
       a.unknown_since, a.next_check_at, a.rung
FROM attempt a
JOIN node d ON d.gen = a.gen AND (d.left_at IS NOT NULL OR d.fenced_at IS NOT NULL)
JOIN number n ON n.id = a.number_id JOIN endpoint e ON e.id = a.endpoint_id
JOIN message m ON m.thread_id = a.thread_id AND m.seq = a.seq
WHERE a.gen = $1 AND a.state = 'authorised' ORDER BY a.id;

-- name: spent_journals
-- Journals that nothing will ask for: their servers are gone for certain, and nothing that they authorised is open.
SELECT n.journal_id FROM node n
WHERE n.journal_id = ANY ($1) AND (n.left_at IS NOT NULL OR n.fenced_at IS NOT NULL)
  AND NOT EXISTS (SELECT FROM attempt a WHERE a.gen = n.gen AND a.state = 'authorised');

-- name: open_attempts
-- Unknown attempts whose next question is due, and all other open ones of their threads.
WITH due AS (
    SELECT thread_id FROM attempt WHERE state = 'unknown' AND next_check_at <= $1 ORDER BY next_check_at LIMIT $2
)
SELECT a.id, a.gen, a.account_id, a.thread_id, a.seq, n.address AS from_, e.address AS to_, m.body, a.authorised_at,
       a.unknown_since, a.next_check_at, a.rung
FROM attempt a
JOIN number n ON n.id = a.number_id JOIN endpoint e ON e.id = a.endpoint_id
JOIN message m ON m.thread_id = a.thread_id AND m.seq = a.seq
WHERE a.thread_id IN (SELECT thread_id FROM due) AND a.state IN ('authorised', 'unknown')
ORDER BY a.next_check_at NULLS LAST, a.id;

-- name: climb
-- The next rung of the ladder, once: another node may have asked at the same time.
UPDATE attempt SET rung = rung + 1, next_check_at = $3 WHERE id = $1 AND rung = $2 AND state = 'unknown';

-- name: resend
-- Back to the queue under the same key.
SELECT * FROM resend_unknown($1, $2, $3);

-- name: give_up
-- The last rung: unconfirmed.
SELECT * FROM settle_attempts(ARRAY[$1::uuid], ARRAY[NULL::bigint], ARRAY['unconfirmed'], ARRAY[NULL::text], ARRAY[NULL::text],
    ARRAY[NULL::text], ARRAY['the carrier never confirmed it'], ARRAY[NULL::timestamptz], ARRAY[NULL::double precision],
    ARRAY[$2::timestamptz]);

-- name: bind_listed
-- The carrier's list shows it.
SELECT * FROM apply_receipts((SELECT array_agg(account_id) FROM attempt WHERE id = $1::uuid), ARRAY[$2::text], ARRAY[$1::uuid],
    ARRAY[$3::text], ARRAY[$4::smallint], ARRAY[NULL::text], ARRAY[$5::text], ARRAY[$6::timestamptz], false);

-- name: known
-- Which of these provider ids are bound to an attempt (mt), or were stored by T1 (mo).
SELECT provider_id FROM provider_ref WHERE account_id = $1 AND kind = $2 AND provider_id = ANY ($3);

-- name: owed_answers
-- Keywords that are owed an answer and have none.
SELECT c.id, c.workspace_id, c.endpoint_id, c.thread_id, c.kind, w.brand, w.contact
FROM consent_event c JOIN workspace w ON w.id = c.workspace_id
WHERE c.answer_by > clock_timestamp()
  AND NOT EXISTS (SELECT FROM keyword_answer k WHERE k.endpoint_id = c.endpoint_id AND k.consent_epoch = c.consent_epoch
                  AND k.kind = c.kind AND k.event_id = CASE c.kind WHEN 'help_asked' THEN c.id ELSE 0 END)
ORDER BY c.id LIMIT $1;

-- name: enqueue_answer
-- Queue a keyword's answer, once.
SELECT * FROM enqueue_answer($1, $2, $3, $4, $5);

-- name: cancel_replied
-- End what a reply cancels.
SELECT * FROM cancel_replied($1, $2, $3);

-- name: expire_due
-- End queued rows whose validity has passed.
SELECT * FROM expire_due($1, $2);

-- name: release_held
-- A person decides on a held text.
SELECT * FROM release_held($1, $2, $3, $4, $5, $6);

-- name: swept_until
-- How far the carrier's list was read, in its own time.
SELECT swept_until FROM carrier_account WHERE id = $1;

-- name: note_sweep
-- A complete sweep; an earlier one that ends later changes nothing.
UPDATE carrier_account SET swept_until = greatest(swept_until, $2) WHERE id = $1;

-- name: forget_receipts
-- Receipts that nothing of ours will ever match: carriers stop trying after 72 hours.
DELETE FROM early_receipt WHERE received_at < clock_timestamp() - interval '4 days';
