-- name: held
-- One of a workspace's, kept as it is until the transaction ends. made_after: of a stop that was answered, or was to be.
SELECT c.id, c.workspace_id, c.state, c.version, c.plan, c.cmd_id, c.is_template, c.launched_at, c.build_after, c.audience,
       c.made_after, c.archived_at
FROM campaign c WHERE c.workspace_id = $1 AND c.id = $2 AND c.kind = 'campaign' FOR NO KEY UPDATE;

-- name: launch
-- The engine takes the snapshot; before it is whole nothing else becomes of it.
UPDATE campaign SET state = $2, cmd_id = $3, launched_by = $4, expected = $5, due_at = $6, number_id = $7, rate = $8,
       build_after = 0, to_look_at = NULL, refused = NULL, places = NULL, last_batch_at = NULL, next_batch_at = NULL, resumed_at = NULL,
       looked_to = 0, asleep_to = 0, asleep_until = NULL,
       skip_as = NULL, version = version + 1, changed_xid = pg_current_xact_id()
WHERE id = $1;

-- name: standing
-- What has become of a launch.
SELECT c.state, c.launched_at, c.build_after, c.refused, c.expected FROM campaign c
WHERE c.workspace_id = $1 AND c.id = $2 AND c.kind = 'campaign';

-- name: unschedule
-- A draft again; its rows are dropped by the engine, and the click that launched it stays used.
UPDATE campaign SET state = 'draft', due_at = NULL, build_after = NULL, launched_at = NULL, audience = greatest(audience, 1),
       expected = NULL, version = version + 1, changed_xid = pg_current_xact_id()
WHERE id = $1;

-- name: pause
-- Nothing of it is queued any more.
UPDATE campaign SET state = 'paused', paused_why = $2, version = version + 1, changed_xid = pg_current_xact_id() WHERE id = $1;

-- name: begun
-- Its hour has come.
UPDATE campaign SET state = 'active', version = version + 1, changed_xid = pg_current_xact_id() WHERE id = $1;

-- name: resume
-- It goes on. What left before counts against no limit any more.
UPDATE campaign SET state = 'active', paused_why = NULL, resumed_at = $2, version = version + 1,
       changed_xid = pg_current_xact_id()
WHERE id = $1;

-- name: count_anew
-- Nothing counts against its limits any more: what counts is taken off the folded sums, with what is not folded yet. Under the lock
-- of the campaign's row, as folding is. What still moves of texts that left before says so by itself.
INSERT INTO campaign_stat AS s (campaign_id, since_wired, since_rejected, since_undelivered, since_opted_out)
SELECT $1, -t.wired, -t.rejected, -t.undelivered, -t.opted_out FROM campaign_tally($1) t
ON CONFLICT (campaign_id) DO UPDATE SET
    since_wired = s.since_wired + EXCLUDED.since_wired, since_rejected = s.since_rejected + EXCLUDED.since_rejected,
    since_undelivered = s.since_undelivered + EXCLUDED.since_undelivered,
    since_opted_out = s.since_opted_out + EXCLUDED.since_opted_out;

-- name: cancel
-- Whoever has got nothing gets nothing; the engine writes that down, and its end.
UPDATE campaign SET state = 'cancelled', paused_why = NULL, build_after = NULL, skip_as = $2, version = version + 1,
       changed_xid = pg_current_xact_id()
WHERE id = $1;

-- name: note
-- Who did it; null: the server itself.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, $3, $4::jsonb);
