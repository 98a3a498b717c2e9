-- name: lock_exclusive
-- T3 and whoever adds to the queue are done, or wait; from the commit on they see what was written under it.
SELECT pg_advisory_xact_lock($1);

-- name: void_queued
-- Of all that is in the outbox by now nothing leaves as it is; who sleeps is looked for anew, since its hours may be others.
UPDATE campaign c
SET made_after = coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0),
    asleep_to = 0, asleep_until = NULL, changed_xid = pg_current_xact_id()
WHERE c.id = $1 RETURNING c.workspace_id, c.made_after;

-- name: take_back
-- What waits and is not wanted as it is goes, and its recipients are pending again; a piece at a time.
SELECT * FROM take_back($1, $2, $3);

-- name: may_leave
-- Whether T3 has let any go of which no outcome is known.
SELECT 1 FROM attempt a JOIN outbox o ON o.id = a.outbox_id
WHERE a.state = 'authorised' AND o.campaign_id = $1 AND o.id <= $2 LIMIT 1;
