-- name: of
-- How a member's own number stands.
SELECT v.address, v.asked_at, v.verified_at, v.tries_left, v.code_hash IS NOT NULL AS waits,
       EXISTS (SELECT FROM member_number o JOIN member x ON x.id = o.member_id
               WHERE o.workspace_id = m.workspace_id AND o.address = v.address AND o.verified_at IS NOT NULL
                 AND o.member_id <> m.id AND x.disabled_at IS NULL) AS taken,
       (SELECT n.address FROM number n WHERE n.workspace_id = m.workspace_id AND n.id <> ALL (hidden_from(m.id))
        ORDER BY n.owner_id IS NOT NULL, n.id LIMIT 1) AS text_to
FROM member m LEFT JOIN member_number v ON v.workspace_id = m.workspace_id AND v.member_id = m.id
WHERE m.workspace_id = $1 AND m.id = $2;

-- name: refusal
-- Why an address cannot be a member's own, if it cannot.
SELECT CASE WHEN NOT EXISTS (SELECT FROM number n WHERE n.workspace_id = w.id) THEN 'no_number'
            WHEN EXISTS (SELECT FROM number n WHERE n.workspace_id = w.id AND n.address = $2) THEN 'ours'
            WHEN EXISTS (SELECT FROM member_number v JOIN member x ON x.id = v.member_id
                         WHERE v.workspace_id = w.id AND v.address = $2 AND v.verified_at IS NOT NULL
                           AND v.member_id <> $3 AND x.disabled_at IS NULL) THEN 'taken' END AS why, w.simulated
FROM workspace w WHERE w.id = $1;

-- name: hold
-- Lock the endpoint of the number that a member has by now: a T3 that has read it commits first.
SELECT e.id FROM endpoint e WHERE e.workspace_id = $1 AND e.address = (
    SELECT v.address FROM member_number v WHERE v.workspace_id = $1 AND v.member_id = $2) FOR NO KEY UPDATE;

-- name: ask
-- Wait for a code; only texts that are stored after this can bring it. One that is proven and the same stays so.
INSERT INTO member_number AS v (workspace_id, member_id, address, salt, code_hash, asked_at, tries_left, seen_seq)
SELECT m.workspace_id, m.id, $3, $4, $5, $6, $7, coalesce((
    SELECT t.last_seq FROM endpoint e JOIN thread t ON t.workspace_id = e.workspace_id AND t.endpoint_id = e.id
    WHERE e.workspace_id = $1 AND e.address = $3), 0)
FROM member m WHERE m.workspace_id = $1 AND m.id = $2
ON CONFLICT (workspace_id, member_id) DO UPDATE SET
    address = EXCLUDED.address, salt = EXCLUDED.salt, code_hash = EXCLUDED.code_hash, asked_at = EXCLUDED.asked_at,
    tries_left = EXCLUDED.tries_left, seen_seq = EXCLUDED.seen_seq, verified_at = NULL
WHERE v.verified_at IS NULL OR v.address <> EXCLUDED.address
RETURNING old.address AS before, old.verified_at IS NOT NULL AS was_proven;

-- name: remove
-- Forget it.
DELETE FROM member_number v WHERE v.workspace_id = $1 AND v.member_id = $2 RETURNING v.address, v.verified_at IS NOT NULL AS was_proven;

-- name: waited_for
-- Numbers whose codes are waited for since then, each with whether anything was texted from it that nobody has looked at.
SELECT v.workspace_id, v.address, bool_or(EXISTS (
    SELECT FROM endpoint e JOIN thread t ON t.workspace_id = e.workspace_id AND t.endpoint_id = e.id
    JOIN message m ON m.thread_id = t.id AND m.seq > v.seen_seq
    WHERE e.workspace_id = v.workspace_id AND e.address = v.address AND m.direction = 'in')) AS news
FROM member_number v WHERE v.code_hash IS NOT NULL AND v.asked_at > $1 GROUP BY 1, 2 ORDER BY 1, 2;

-- name: challenges
-- Everybody who waits for a code from that number, whoever asked first before the others; nobody else judges them meanwhile.
SELECT v.member_id, v.salt, v.code_hash, v.asked_at, v.tries_left, v.seen_seq FROM member_number v
WHERE v.workspace_id = $1 AND v.address = $2 AND v.code_hash IS NOT NULL AND v.asked_at > $3
ORDER BY v.member_id FOR NO KEY UPDATE;

-- name: left_behind
-- Who is no member any more keeps no number from those who are. T3 takes none of theirs.
DELETE FROM member_number v USING member x
WHERE v.workspace_id = $1 AND v.address = $2 AND v.verified_at IS NOT NULL AND x.id = v.member_id AND x.disabled_at IS NOT NULL;

-- name: proven
-- Whose it was proven to be, by now.
SELECT v.member_id FROM member_number v WHERE v.workspace_id = $1 AND v.address = $2 AND v.verified_at IS NOT NULL;

-- name: said
-- What was texted from there since.
SELECT m.seq, m.body, m.created_at AS at
FROM endpoint e JOIN thread t ON t.workspace_id = e.workspace_id AND t.endpoint_id = e.id
JOIN message m ON m.thread_id = t.id AND m.seq > $3
WHERE e.workspace_id = $1 AND e.address = $2 AND m.direction = 'in' ORDER BY m.seq LIMIT 200;

-- name: judged
-- Write down what the texts up to here said; null: a code is waited for as before.
UPDATE member_number v SET seen_seq = $3, tries_left = $4, verified_at = $5,
       salt = CASE WHEN $6 THEN v.salt END, code_hash = CASE WHEN $6 THEN v.code_hash END
WHERE v.workspace_id = $1 AND v.member_id = $2;

-- name: audit
-- What was done.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, $3, $4);
