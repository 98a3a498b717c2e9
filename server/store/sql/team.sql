-- name: turn
-- A member assigns, closes, reopens, snoozes or wakes a thread.
SELECT * FROM turn_thread($1, $2, $3, $4, $5, $6, $7);

-- name: claim
-- A member takes, renews or gives back the sole right to answer.
SELECT * FROM claim_thread($1, $2, $3, $4, $5, $6);

-- name: team
-- Who may be asked to look.
SELECT id, name FROM member WHERE workspace_id = $1 AND disabled_at IS NULL;

-- name: write_note
-- A member writes a note.
SELECT * FROM write_note($1, $2, $3, $4, $5, $6, $7, $8);

-- name: wake_due
-- What was snoozed until now comes back.
SELECT * FROM wake_due($1, $2);

-- name: see_mentions
-- The member has looked at the thread; how many notes had asked for it, null where there is no such thread.
WITH seen AS (
    UPDATE mention SET seen_at = clock_timestamp()
    WHERE workspace_id = $1 AND member_id = $2 AND thread_id = $3 AND seen_at IS NULL RETURNING 1
) SELECT CASE WHEN EXISTS (SELECT FROM thread t WHERE t.id = $3 AND t.workspace_id = $1) THEN (SELECT count(*) FROM seen) END;

-- name: mentions
-- For each member, in how many threads a note asks them to look, and some of the threads where one ever did, the youngest first.
SELECT m.id AS member_id, (SELECT count(DISTINCT x.thread_id) FROM mention x JOIN thread t ON t.id = x.thread_id
                           WHERE x.member_id = m.id AND x.seen_at IS NULL AND NOT t.numbers && h.hidden) AS unseen,
       ARRAY(SELECT DISTINCT y.thread_id FROM mention y JOIN thread u ON u.id = y.thread_id
             WHERE y.member_id = m.id AND NOT u.numbers && h.hidden ORDER BY y.thread_id DESC LIMIT $2) AS asked
FROM unnest($1::bigint[]) m (id) CROSS JOIN LATERAL (SELECT hidden_from(m.id) AS hidden OFFSET 0) h;
