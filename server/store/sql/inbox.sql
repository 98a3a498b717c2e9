-- name: epoch
-- The history of this database: another one in each cluster, and from each promotion or recovery to a moment on, since what
-- comes then may lack what was told before. Null of a standby, which is in none yet.
SELECT CASE WHEN NOT pg_is_in_recovery() THEN
    md5(concat_ws(' ', h.stream_epoch, s.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8)))::uuid::text
END FROM history h CROSS JOIN pg_control_system() s;

-- name: rows_newest
-- A page of threads, newest first, below the cursor, but none without any text; with the reader's marks and the horizon of this very
-- read. What a row bears beside its thread is read for the page's own threads, one by one: not for those that a view leaves out.
SELECT h.p, r.* FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS p) h
LEFT JOIN LATERAL (
    SELECT f.*, $2::bigint AS member_id, q.in_ord AS read_in_ord, q.version AS read_version
    FROM (
        SELECT t.id, t.last_at, m.in_ord, m.version FROM thread t LEFT JOIN thread_read m ON m.thread_id = t.id AND m.member_id = $2
        WHERE t.workspace_id = $1 AND t.listed AND t.last_seq > 0
          AND (t.last_at, t.id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::bigint, 0)) AND /* which */ true
        ORDER BY t.last_at DESC, t.id DESC LIMIT $5
    ) q
    CROSS JOIN LATERAL (SELECT * FROM inbox_face f WHERE f.thread_id = q.id OFFSET 0) f
    ORDER BY q.last_at DESC, q.id DESC
) r ON true;

-- name: rows_waiting
-- A page of threads that wait for an answer, the longest first, after the cursor; else as rows_newest.
SELECT h.p, r.* FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS p) h
LEFT JOIN LATERAL (
    SELECT f.*, $2::bigint AS member_id, q.in_ord AS read_in_ord, q.version AS read_version
    FROM (
        SELECT t.id, t.waiting_since, m.in_ord, m.version FROM thread t LEFT JOIN thread_read m ON m.thread_id = t.id AND m.member_id = $2
        WHERE t.workspace_id = $1 AND t.listed AND t.waiting_since IS NOT NULL AND t.closed_at IS NULL
          AND (t.waiting_since, t.id) > (coalesce($3::timestamptz, '-infinity'), coalesce($4::bigint, 0))
        ORDER BY t.waiting_since, t.id LIMIT $5
    ) q
    CROSS JOIN LATERAL (SELECT * FROM inbox_face f WHERE f.thread_id = q.id OFFSET 0) f
    ORDER BY q.waiting_since, q.id
) r ON true;

-- name: rows_changed
-- Threads that were changed, or that this member's mark moved in, by transactions that an earlier read could not see; of either kind
-- at most $4. Each is read in the order of its index: a LIMIT over both reads all.
SELECT h.p, r.* FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS p) h
LEFT JOIN LATERAL (
    SELECT f.*, $2::bigint AS member_id, m.in_ord AS read_in_ord, m.version AS read_version
    FROM (
        (SELECT x.id FROM thread x WHERE x.workspace_id = $1 AND x.listed AND x.last_seq > 0 AND x.changed_xid >= $3::text::xid8
         ORDER BY x.changed_xid LIMIT $4)
        UNION
        (SELECT y.thread_id FROM thread_read y WHERE y.member_id = $2 AND y.changed_xid >= $3::text::xid8
           AND EXISTS (SELECT FROM thread z WHERE z.id = y.thread_id AND z.workspace_id = $1 AND z.listed)
         ORDER BY y.changed_xid LIMIT $4)
    ) q
    CROSS JOIN LATERAL (SELECT * FROM inbox_face f WHERE f.thread_id = q.id AND f.workspace_id = $1 AND f.listed OFFSET 0) f
    LEFT JOIN thread_read m ON m.thread_id = f.thread_id AND m.member_id = $2
    ORDER BY f.last_at DESC, f.thread_id DESC
) r ON true;

-- name: rows_by_id
-- Rows of the inbox by thread, with the mark of one member where one is asked for; of a thread that the inbox does not show only
-- where nothing stands in it any more, so that whoever has it open lets it go. With a workspace of any.
SELECT f.*, $2::bigint AS member_id, m.in_ord AS read_in_ord, m.version AS read_version, seen_by(f.numbers) AS seen_by
FROM inbox_face f LEFT JOIN thread_read m ON m.thread_id = f.thread_id AND m.member_id = $2
WHERE f.thread_id = ANY ($1) AND CASE WHEN $3::bigint IS NULL THEN f.listed OR f.last_preview = '' ELSE f.workspace_id = $3 END;

-- name: messages
-- A page of a thread, the newest first, below `before` and no newer than the head that was read; without what was taken back.
SELECT m.thread_id, m.seq, m.direction, m.body, m.state, m.created_at, m.in_ord, m.segments, m.klass, m.author_id,
       a.name AS author, m.cmd_id, m.error_class, m.error_code, m.keyword, m.media, m.resend_of,
       (SELECT l.call_id FROM call l WHERE l.id = m.call) AS call_id, CASE WHEN o.due_at > m.created_at THEN o.due_at END AS waits_until,
       g.id AS campaign_id, g.kind AS campaign_kind, g.name AS campaign_name, g.variant
FROM message m LEFT JOIN member a ON a.id = m.author_id
LEFT JOIN LATERAL text_of_campaign(m.campaign_id, m.thread_id, m.seq) g ON m.campaign_id IS NOT NULL
LEFT JOIN outbox o ON o.thread_id = m.thread_id AND o.seq = m.seq AND o.state = 'queued'
WHERE m.thread_id = $1 AND m.seq < $2 AND m.seq <= $3 AND NOT taken_back(m.state, m.error_class, m.error_code) ORDER BY m.seq DESC LIMIT $4;

-- name: asides
-- What members wrote and did beside the texts of a page: from its oldest text on, below `before`, no newer than the head that was read.
SELECT v.thread_id, v.seq AS event_seq, v.kind, v.data, v.at, o.body AS note, o.author_id AS note_author_id, y.name AS note_author,
       (SELECT coalesce(array_agg(x.member_id ORDER BY x.member_id), '{}') FROM mention x WHERE x.thread_id = v.thread_id AND x.seq = v.seq)
       AS mentions
FROM thread_event v
LEFT JOIN note o ON v.kind = 'note' AND o.thread_id = v.thread_id AND o.seq = v.seq
LEFT JOIN member y ON y.id = o.author_id
WHERE v.thread_id = $1 AND v.kind IN ('note', 'activity') AND v.seq >= $2 AND v.seq < $3 AND v.seq <= $4 ORDER BY v.seq DESC LIMIT $5;

-- name: thread_is_there
-- Whether the thread belongs to the workspace; null asks for any.
SELECT EXISTS (SELECT FROM thread WHERE id = $1 AND ($2::bigint IS NULL OR workspace_id = $2));

-- name: whereabouts
-- What is known of where the contact of a thread is.
SELECT e.address, e.places FROM thread t JOIN endpoint e ON e.id = t.endpoint_id WHERE t.workspace_id = $1 AND t.id = $2;

-- name: events_after
-- What happened in a thread after a number, rising.
SELECT v.thread_id, v.seq AS event_seq, v.kind, v.ref, v.state AS event_state, v.error_class AS event_error_class,
       v.error_code AS event_error_code, v.at,
       m.seq, m.direction, coalesce(m.body, x.body) AS body, m.state, m.created_at, m.in_ord, m.segments, m.klass, m.author_id, a.name AS author,
       m.cmd_id, m.error_class, m.error_code, m.keyword, m.media, m.resend_of,
       (SELECT l.call_id FROM call l WHERE l.id = m.call) AS call_id, CASE WHEN v.kind = 'status' OR o.due_at > m.created_at THEN o.due_at END AS waits_until,
       g.id AS campaign_id, g.kind AS campaign_kind, g.name AS campaign_name, g.variant,
       v.data, n.body AS note, n.author_id AS note_author_id, y.name AS note_author,
       CASE v.kind WHEN 'note' THEN (SELECT coalesce(array_agg(z.member_id ORDER BY z.member_id), '{}') FROM mention z
                                     WHERE z.thread_id = v.thread_id AND z.seq = v.seq) END AS mentions
FROM thread_event v
LEFT JOIN note n ON v.kind = 'note' AND n.thread_id = v.thread_id AND n.seq = v.seq
LEFT JOIN member y ON y.id = n.author_id
LEFT JOIN message m ON v.kind = 'message' AND m.thread_id = v.thread_id AND m.seq = v.seq
LEFT JOIN message x ON v.kind = 'status' AND v.state = 'queued' AND x.thread_id = v.thread_id AND x.seq = v.ref
LEFT JOIN member a ON a.id = m.author_id
LEFT JOIN LATERAL text_of_campaign(m.campaign_id, m.thread_id, m.seq) g ON m.campaign_id IS NOT NULL
LEFT JOIN outbox o ON o.thread_id = v.thread_id AND o.seq = coalesce(v.ref, v.seq) AND o.state = 'queued'
WHERE v.thread_id = $1 AND v.seq > $2 ORDER BY v.seq LIMIT $3;

-- name: seen_by
-- Who sees a thread; null: all members.
SELECT seen_by(t.numbers) FROM thread t WHERE t.id = $1;

-- name: hands_changed_since
-- Whether a number of the workspace changed hands, or a thread that is hidden from the member changed, by a transaction that an
-- earlier read could not see.
SELECT EXISTS (SELECT FROM public.number n WHERE n.workspace_id = $1 AND n.owned_xid >= $2::text::xid8)
    OR hidden_from($3) <> '{}' AND EXISTS (
           SELECT FROM public.thread t WHERE t.workspace_id = $1 AND t.listed AND t.changed_xid >= $2::text::xid8
             AND t.numbers && (SELECT hidden_from($3)));

-- name: head
-- Last number of each thread.
SELECT id, last_seq FROM thread WHERE id = ANY ($1);

-- name: unread
-- All threads that hold texts which a member has not seen: 64 in a row, a bit each; with the position of this very look. No row:
-- there is no such member.
SELECT h.p, h.epoch, q.page, q.bits
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS p, stream_epoch || '/' || hands_changed() AS epoch FROM history) h
JOIN member k ON k.id = $1
LEFT JOIN (
    SELECT t.id >> 6 AS page, bit_or(1::bigint << (t.id & 63)::integer) AS bits
    FROM member m JOIN thread t ON t.workspace_id = m.workspace_id AND t.listed
    LEFT JOIN thread_read r ON r.member_id = m.id AND r.thread_id = t.id
    WHERE m.id = $1 AND t.in_total > coalesce(r.in_ord, 0) AND NOT t.numbers && (SELECT hidden_from($1)) GROUP BY 1
) q ON true;

-- name: unread_since
-- Of what changed since then for each of some members.
SELECT * FROM unread_since($1::bigint[], $2::text[], $3);

-- name: open_reviews
-- How many texts of the workspace wait for a decision.
SELECT count(*) FROM review WHERE workspace_id = $1 AND coalesce(decided_at, 'infinity') = 'infinity';

-- name: horizon
-- Everything below it is visible to reads that start after this one.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- name: reads_changed
-- Marks of a member that moved since a horizon.
SELECT member_id, thread_id, in_ord AS read_in_ord, version AS read_version FROM thread_read
WHERE member_id = $1 AND workspace_id = $2 AND changed_xid >= $3::text::xid8;

-- name: mark_read
-- Rises only, and never above what has arrived. The second column: whether it moved.
WITH asked AS (
    SELECT t.id, t.workspace_id, least($4::bigint, t.in_total) AS up_to FROM thread t
    WHERE t.id = $3 AND t.workspace_id = $1 AND NOT t.numbers && hidden_from($2)
), moved AS (
    INSERT INTO thread_read AS r (member_id, thread_id, workspace_id, in_ord)
    SELECT $2, a.id, a.workspace_id, a.up_to FROM asked a
    ON CONFLICT (member_id, thread_id) DO UPDATE SET in_ord = EXCLUDED.in_ord, version = r.version + 1,
        changed_xid = pg_current_xact_id() WHERE r.in_ord < EXCLUDED.in_ord
    RETURNING r.member_id, r.thread_id, r.in_ord, r.version
)
SELECT member_id, thread_id, in_ord AS read_in_ord, version AS read_version, true AS moved FROM moved
UNION ALL
SELECT r.member_id, r.thread_id, r.in_ord, r.version, false FROM thread_read r JOIN asked a ON a.id = r.thread_id
WHERE r.member_id = $2 AND NOT EXISTS (SELECT FROM moved);

-- name: mark_unread
-- From this ordinal on; may lower the mark.
WITH asked AS (
    SELECT t.id, t.workspace_id, greatest(0, $4::bigint - 1) AS up_to FROM thread t
    WHERE t.id = $3 AND t.workspace_id = $1 AND NOT t.numbers && hidden_from($2)
), moved AS (
    INSERT INTO thread_read AS r (member_id, thread_id, workspace_id, in_ord)
    SELECT $2, a.id, a.workspace_id, 0 FROM asked a
    ON CONFLICT (member_id, thread_id) DO UPDATE SET in_ord = (SELECT a.up_to FROM asked a), version = r.version + 1,
        changed_xid = pg_current_xact_id() WHERE r.in_ord > (SELECT a.up_to FROM asked a)
    RETURNING r.member_id, r.thread_id, r.in_ord, r.version
)
SELECT member_id, thread_id, in_ord AS read_in_ord, version AS read_version, true AS moved FROM moved
UNION ALL
SELECT r.member_id, r.thread_id, r.in_ord, r.version, false FROM thread_read r JOIN asked a ON a.id = r.thread_id
WHERE r.member_id = $2 AND NOT EXISTS (SELECT FROM moved);
