-- name: timeline
-- What happened with a contact, the newest first, below the cursor ($3 to $6): texts both ways of all its numbers, events of
-- consent, calls, imports. Of each source no more is read than one page; what stands there is looked up for the page alone.
WITH places AS MATERIALIZED (
    SELECT p.endpoint_id, t.id AS thread_id
    FROM contact_phone p LEFT JOIN thread t ON t.workspace_id = p.workspace_id AND t.endpoint_id = p.endpoint_id
    WHERE p.workspace_id = $1 AND p.contact_id = $2
), found AS MATERIALIZED (
    SELECT * FROM (
        SELECT q.* FROM places p CROSS JOIN LATERAL (
            SELECT 'message' AS kind, m.created_at AS at, 0 AS rank, m.thread_id AS id, m.seq AS sub FROM message m
            WHERE m.thread_id = p.thread_id AND NOT taken_back(m.state, m.error_class, m.error_code)
              AND ($3::timestamptz IS NULL OR (m.created_at, 0, m.thread_id, m.seq) < ($3, $4::integer, $5::bigint, $6::bigint))
            ORDER BY m.created_at DESC, m.seq DESC LIMIT $7) q
        UNION ALL
        SELECT q.* FROM places p CROSS JOIN LATERAL (
            SELECT 'call', c.at, 1, c.id, 0::bigint FROM call c
            WHERE c.endpoint_id = p.endpoint_id AND ($3 IS NULL OR (c.at, 1, c.id, 0) < ($3, $4, $5, $6))
            ORDER BY c.at DESC, c.id DESC LIMIT $7) q
        UNION ALL
        SELECT q.* FROM places p CROSS JOIN LATERAL (
            SELECT 'consent', v.at, 2, v.id, 0::bigint FROM consent_event v
            WHERE v.endpoint_id = p.endpoint_id AND ($3 IS NULL OR (v.at, 2, v.id, 0) < ($3, $4, $5, $6))
            ORDER BY v.at DESC, v.id DESC LIMIT $7) q
        UNION ALL
        SELECT 'import', coalesce(i.confirmed_at, i.at), 3, i.id, 0::bigint
        FROM import_change h JOIN import i ON i.id = h.import_id AND i.workspace_id = $1
        WHERE h.contact_id = $2 AND ($3 IS NULL OR (coalesce(i.confirmed_at, i.at), 3, i.id, 0) < ($3, $4, $5, $6))
    ) s ORDER BY s.at DESC, s.rank DESC, s.id DESC, s.sub DESC LIMIT $7
)
SELECT f.kind, f.at, f.rank, f.id, f.sub, d.told
FROM found f CROSS JOIN LATERAL (
    SELECT jsonb_build_object(
        'thread_id', m.thread_id, 'seq', m.seq, 'address', e.address, 'direction', m.direction, 'body', m.body,
        'media', coalesce(jsonb_array_length(m.media), 0), 'state', CASE m.direction WHEN 'out' THEN m.state END,
        'error_class', m.error_class, 'error_code', m.error_code, 'author', a.name,
        'campaign', CASE WHEN c.id IS NOT NULL
                         THEN jsonb_build_object('campaign_id', c.id, 'kind', c.kind, 'name', c.name) END) AS told
    FROM message m JOIN thread t ON t.id = m.thread_id JOIN endpoint e ON e.id = t.endpoint_id
    LEFT JOIN member a ON a.id = m.author_id LEFT JOIN campaign c ON c.id = m.campaign_id
    WHERE f.kind = 'message' AND m.thread_id = f.id AND m.seq = f.sub
    UNION ALL
    SELECT jsonb_build_object(
        'id', c.id, 'address', e.address, 'direction', c.direction, 'outcome', c.outcome, 'duration_s', c.duration_s,
        'note', c.note, 'member', a.name)
    FROM call c JOIN endpoint e ON e.id = c.endpoint_id LEFT JOIN member a ON a.id = c.member_id
    WHERE f.kind = 'call' AND c.id = f.id
    UNION ALL
    SELECT jsonb_build_object(
        'id', v.id, 'address', e.address, 'event', v.kind, 'source', v.source, 'text', v.text, 'member', a.name,
        'thread_id', v.thread_id)
    FROM consent_event v JOIN endpoint e ON e.id = v.endpoint_id LEFT JOIN member a ON a.id = v.member_id
    WHERE f.kind = 'consent' AND v.id = f.id
    UNION ALL
    SELECT jsonb_build_object('id', i.id, 'name', i.name, 'what', h.kind, 'member', a.name)
    FROM import i JOIN import_change h ON h.import_id = i.id AND h.contact_id = $2
    LEFT JOIN member a ON a.id = coalesce(i.confirmed_by, i.member_id)
    WHERE f.kind = 'import' AND i.id = f.id
) d
ORDER BY f.at DESC, f.rank DESC, f.id DESC, f.sub DESC;

-- name: first_phone
-- Where a contact is called.
SELECT p.endpoint_id FROM contact_phone p JOIN contact k ON k.id = p.contact_id AND k.deleted_at IS NULL
WHERE p.workspace_id = $1 AND p.contact_id = $2 ORDER BY p.priority, p.endpoint_id LIMIT 1;

-- name: hold
-- Whoever is about to say whose number this is waits.
SELECT id FROM endpoint WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: meet
-- A number that is nobody's becomes a contact, to be named later.
SELECT meet(ARRAY[$1::bigint], 'api');

-- name: record_call
-- A call, once for each name that the dialer gave it. Told again, it may say more; no row: another number's.
INSERT INTO call AS c (workspace_id, endpoint_id, member_id, call_id, direction, outcome, duration_s, note, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (workspace_id, call_id) DO UPDATE SET
    outcome = coalesce(nullif(EXCLUDED.outcome, ''), c.outcome), duration_s = coalesce(EXCLUDED.duration_s, c.duration_s),
    note = coalesce(nullif(EXCLUDED.note, ''), c.note)
WHERE c.endpoint_id = EXCLUDED.endpoint_id
RETURNING c.id, c.endpoint_id, (SELECT p.contact_id FROM contact_phone p WHERE p.endpoint_id = c.endpoint_id) AS contact_id;

-- name: call_of
-- The call that the dialer calls so.
SELECT c.endpoint_id, e.address, c.direction, c.at FROM call c JOIN endpoint e ON e.id = c.endpoint_id
WHERE c.workspace_id = $1 AND c.call_id = $2;
