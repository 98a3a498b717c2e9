-- name: asked
-- What was typed, as a query that an index answers and as the one that is meant; null: it has no words. With what a text in ASCII
-- has to be like to be found: the words of each piece in their order.
SELECT q.among::text, q.meant::text, array(
    SELECT '%' || string_agg(u.lexeme, '%' ORDER BY place) || '%'
    FROM unnest($1::text[]) WITH ORDINALITY AS given (piece, ord), unnest(history_words(given.piece)) u, unnest(u.positions) place
    WHERE u.lexeme !~ '[%_\\]' GROUP BY given.ord ORDER BY given.ord) AS likes
FROM history_query($1, $2) q;

-- name: ends
-- The oldest and the newest text of a workspace, and the same of its notes.
SELECT 'text' AS kind, o.created_at AS oldest, n.created_at AS at, n.thread_id, n.seq
FROM (SELECT created_at FROM message WHERE workspace_id = $1 ORDER BY created_at LIMIT 1) o,
     (SELECT created_at, thread_id, seq FROM message WHERE workspace_id = $1
      ORDER BY created_at DESC, thread_id DESC, seq DESC LIMIT 1) n
UNION ALL
SELECT 'note', o.at, n.at, n.thread_id, n.seq
FROM (SELECT at FROM note WHERE workspace_id = $1 ORDER BY at LIMIT 1) o,
     (SELECT at, thread_id, seq FROM note WHERE workspace_id = $1 ORDER BY at DESC, thread_id DESC, seq DESC LIMIT 1) n;

-- name: walk
-- Those of the next texts below a key, since a time, that are asked for.
SELECT m.created_at AS at, m.thread_id, m.seq FROM (
    SELECT m.* FROM message m
    WHERE m.workspace_id = $1 AND (m.created_at, m.thread_id, m.seq) < ($2::timestamptz, $3::bigint, $4::bigint) AND m.created_at >= $5
    ORDER BY m.created_at DESC, m.thread_id DESC, m.seq DESC LIMIT $6
) m WHERE /* asked */ true ORDER BY m.created_at DESC, m.thread_id DESC, m.seq DESC LIMIT $7;

-- name: walked_to
-- Where a walk has come to; no row: to the end.
SELECT m.created_at AS at, m.thread_id, m.seq FROM message m
WHERE m.workspace_id = $1 AND (m.created_at, m.thread_id, m.seq) < ($2::timestamptz, $3::bigint, $4::bigint) AND m.created_at >= $5
ORDER BY m.created_at DESC, m.thread_id DESC, m.seq DESC OFFSET $6 LIMIT 1;

-- name: leap
-- How many texts an index finds in spans of time for the words and keys that are asked for; and the newest of them below a key, since
-- a time, that are what is meant: none is held to that where there are too many, or once enough are found. At least one row. first and
-- last: when some of them were, of too many those that were written first. Spans are of one workspace; naming it there, too, would
-- offer the index of time.
WITH found AS MATERIALIZED (
    SELECT m.thread_id, m.seq, m.workspace_id, m.created_at, m.direction, m.body, m.state, m.error_class, m.error_code, m.number_id,
           m.author_id, m.campaign_id
    FROM message m
    WHERE history_keys(m.workspace_id, m.created_at, m.number_id, m.author_id, m.campaign_id) && $6::bigint[]
      AND /* found */ true
    LIMIT $7::integer + 1
)
SELECT c.fetched, c.first, c.last, f.at, f.thread_id, f.seq
FROM (SELECT count(*) AS fetched, min(created_at) AS first, max(created_at) AS last FROM found) c LEFT JOIN LATERAL (
    SELECT m.created_at AS at, m.thread_id, m.seq FROM (
        SELECT * FROM found m
        WHERE c.fetched <= $7 AND m.workspace_id = $1 AND (m.created_at, m.thread_id, m.seq) < ($2::timestamptz, $3::bigint, $4::bigint)
          AND m.created_at >= $5
        ORDER BY m.created_at DESC, m.thread_id DESC, m.seq DESC OFFSET 0
    ) m WHERE /* asked */ true
    ORDER BY m.created_at DESC, m.thread_id DESC, m.seq DESC LIMIT $8
) f ON true;

-- name: of_threads
-- Texts of some threads below a key, since a time, that are asked for.
SELECT m.created_at AS at, m.thread_id, m.seq FROM unnest($6::bigint[]) t (id), LATERAL (
    SELECT m.created_at, m.thread_id, m.seq FROM message m
    WHERE m.thread_id = t.id AND m.workspace_id = $1
      AND (m.created_at, m.thread_id, m.seq) < ($2::timestamptz, $3::bigint, $4::bigint) AND m.created_at >= $5 AND /* asked */ true
) m
ORDER BY m.created_at DESC, m.thread_id DESC, m.seq DESC LIMIT $7;

-- name: threads_of_contact
-- The threads of a contact's numbers.
SELECT t.id FROM contact_phone p JOIN thread t ON t.workspace_id = p.workspace_id AND t.endpoint_id = p.endpoint_id
WHERE p.workspace_id = $1 AND p.contact_id = $2;

-- name: newer
-- Of the next texts above a key: how many, and how many of them are asked for.
SELECT count(*) AS came, count(*) FILTER (WHERE /* asked */ true) AS found FROM (
    SELECT m.* FROM message m
    WHERE m.workspace_id = $1 AND (m.created_at, m.thread_id, m.seq) > ($2::timestamptz, $3::bigint, $4::bigint)
    ORDER BY m.created_at, m.thread_id, m.seq LIMIT $5
) m;

-- name: texts
-- Texts by key, the newest first, with who stands at either end.
SELECT m.thread_id, m.seq, m.direction, m.body, m.state, m.created_at, m.in_ord, m.segments, m.klass, m.author_id,
       a.name AS author, m.cmd_id, m.error_class, m.error_code, m.keyword, m.media, m.resend_of,
       (SELECT l.call_id FROM call l WHERE l.id = m.call) AS call_id, CASE WHEN o.due_at > m.created_at THEN o.due_at END AS waits_until,
       g.id AS campaign_id, g.kind AS campaign_kind, g.name AS campaign_name, g.variant,
       c.name, c.contact_id, e.address, n.address AS number
FROM unnest($2::bigint[], $3::bigint[]) k (thread_id, seq)
JOIN message m ON m.thread_id = k.thread_id AND m.seq = k.seq AND m.workspace_id = $1
JOIN thread t ON t.id = m.thread_id
JOIN endpoint e ON e.id = t.endpoint_id
JOIN number n ON n.id = m.number_id
LEFT JOIN member a ON a.id = m.author_id
LEFT JOIN LATERAL text_of_campaign(m.campaign_id, m.thread_id, m.seq) g ON m.campaign_id IS NOT NULL
LEFT JOIN outbox o ON o.thread_id = m.thread_id AND o.seq = m.seq AND o.state = 'queued'
LEFT JOIN LATERAL (
    SELECT p.contact_id, nullif(btrim(k.first_name || ' ' || k.last_name), '') AS name
    FROM contact_phone p JOIN contact k ON k.id = p.contact_id WHERE p.endpoint_id = e.id
) c ON true
ORDER BY m.created_at DESC, m.thread_id DESC, m.seq DESC;

-- name: notes
-- Notes by key, with who stands at either end of their conversation.
SELECT o.thread_id, o.seq AS event_seq, o.body AS note, o.author_id AS note_author_id, a.name AS note_author, o.at,
       (SELECT coalesce(array_agg(z.member_id ORDER BY z.member_id), '{}') FROM mention z
        WHERE z.thread_id = o.thread_id AND z.seq = o.seq) AS mentions,
       f.name, f.contact_id, f.address, f.number
FROM unnest($2::bigint[], $3::bigint[]) k (thread_id, seq)
JOIN note o ON o.thread_id = k.thread_id AND o.seq = k.seq AND o.workspace_id = $1
CROSS JOIN LATERAL (SELECT * FROM inbox_face f WHERE f.thread_id = o.thread_id OFFSET 0) f
JOIN member a ON a.id = o.author_id;

-- name: export
-- All that is asked for, the newest first, as the cells of a file.
SELECT m.created_at, m.direction, c.name, e.address, n.address, m.state, m.error_class, m.error_code, a.name, g.name, m.segments,
       CASE WHEN m.media IS NULL THEN 0 ELSE jsonb_array_length(m.media) END, m.body
FROM message m
JOIN thread t ON t.id = m.thread_id
JOIN endpoint e ON e.id = t.endpoint_id
JOIN number n ON n.id = coalesce(m.number_id, t.number_id)
LEFT JOIN member a ON a.id = m.author_id
LEFT JOIN campaign g ON g.id = m.campaign_id
LEFT JOIN LATERAL (
    SELECT nullif(btrim(k.first_name || ' ' || k.last_name), '') AS name
    FROM contact_phone p JOIN contact k ON k.id = p.contact_id WHERE p.endpoint_id = e.id
) c ON true
WHERE m.workspace_id = $1 AND m.created_at >= $2 AND m.created_at < $3 AND /* found */ true AND /* asked */ true
ORDER BY m.created_at DESC, m.thread_id DESC, m.seq DESC;

-- name: merge_words
-- Merge what writers have left pending into the index of words.
SELECT coalesce(sum(gin_clean_pending_list(i.inhrelid)), 0)::bigint FROM pg_inherits i WHERE i.inhparent = 'message_found'::regclass;
