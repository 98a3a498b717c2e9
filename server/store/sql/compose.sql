-- name: open_threads
-- Where texts to numbers and contacts go; made where there is nothing yet. Nobody waits until that is on disk: the text that goes there
-- is, and with it all that was written before.
SELECT o.* FROM set_config('synchronous_commit', 'off', true) s, open_threads($1, $2, $3, $4, $5, $6) o;

-- name: whereabouts
-- What is known of whom a text would reach: a number, a contact's first phone that can receive texts, or a thread's contact.
-- begun: its thread has texts and is somebody's, so that nothing is left to open. call: the one with it that is called $5.
SELECT e.address, e.opted_out, e.held, e.carrier_blocked, e.invalid_reason, e.places, p.contact_id, t.id AS thread_id,
       nullif(btrim(k.first_name || ' ' || k.last_name), '') AS name, k.zone,
       p.contact_id IS NOT NULL AND t.last_seq > 0 AS begun,
       (SELECT l.id FROM call l WHERE l.workspace_id = $1 AND l.call_id = $5 AND l.endpoint_id = e.id) AS call
FROM endpoint e
LEFT JOIN contact_phone p ON p.endpoint_id = e.id
LEFT JOIN contact k ON k.id = p.contact_id
LEFT JOIN thread t ON t.workspace_id = e.workspace_id AND t.endpoint_id = e.id
WHERE e.workspace_id = $1 AND e.id = coalesce(
    (SELECT x.id FROM endpoint x WHERE x.workspace_id = $1 AND x.address = $2),
    (SELECT y.endpoint_id FROM thread y WHERE y.workspace_id = $1 AND y.id = $4),
    (SELECT q.endpoint_id FROM contact c JOIN contact_phone q ON q.contact_id = coalesce(c.merged_into, c.id)
     JOIN endpoint z ON z.id = q.endpoint_id
     WHERE c.workspace_id = $1 AND c.id = $3 AND (c.deleted_at IS NULL OR c.merged_into IS NOT NULL)
     ORDER BY z.invalid_reason IS NOT NULL, q.priority, q.endpoint_id LIMIT 1));

-- name: own_hours
-- Hours of the workspace's own, in which what was written for later may leave.
SELECT w.sending_hours::text FROM workspace w WHERE w.id = $1;

-- name: contact_is_there
-- Whether a contact is one of this workspace's.
SELECT EXISTS (SELECT FROM contact c WHERE c.workspace_id = $1 AND c.id = $2
               AND (c.deleted_at IS NULL OR c.merged_into IS NOT NULL));

-- name: cancel_mt
-- Take a text back that waits.
SELECT * FROM cancel_mt($1, $2, $3, $4, $5);

-- name: said
-- What a text of ours said and showed.
SELECT m.body, coalesce(m.media, '[]') AS media FROM message m
WHERE m.workspace_id = $1 AND m.thread_id = $2 AND m.seq = $3 AND m.direction = 'out';

-- name: planned
-- A text for later that can still be changed.
SELECT m.body, o.due_at AS send_at, o.cancel_after_in IS NOT NULL AS cancel_on_reply
FROM outbox o JOIN message m ON m.workspace_id = o.workspace_id AND m.thread_id = o.thread_id AND m.seq = o.seq
WHERE o.workspace_id = $1 AND o.thread_id = $2 AND o.seq = $3 AND o.klass = 'send_later' AND o.state = 'queued';

-- name: change_mt
-- Change a text that is to leave later.
SELECT * FROM change_mt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
