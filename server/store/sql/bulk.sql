-- name: rules
-- What the workspace asks for, what a segment costs there, and the number that new threads are written from.
SELECT w.opt_in_required, w.simulated, w.segment_price, w.price_currency, n.id AS number_id, n.rate, hidden_from($3) AS hidden
FROM workspace w
LEFT JOIN LATERAL (
    SELECT o.id, o.rate FROM number o WHERE o.workspace_id = w.id AND ($2::bigint IS NULL OR o.id = $2)
    ORDER BY o.owner_id IS NOT NULL, o.id LIMIT 1
) n ON true
WHERE w.id = $1;

-- name: contacts
-- Those of the ids that are people of this workspace, rising.
SELECT c.id FROM contact c WHERE c.workspace_id = $1 AND c.id = ANY ($2::bigint[]) AND c.deleted_at IS NULL ORDER BY c.id;

-- name: phones
-- People with their numbers, those of each by priority; one row without a number where there is none.
SELECT c.id AS contact_id, btrim(c.first_name || ' ' || c.last_name) AS name, e.id AS endpoint_id, e.address, e.opted_out,
       e.held, e.carrier_blocked, e.invalid_reason IS NOT NULL AS invalid, e.consented_at IS NOT NULL AS consented,
       $3::bigint[] <> '{}' AND EXISTS (SELECT FROM public.thread s WHERE s.workspace_id = $1 AND s.endpoint_id = e.id AND s.numbers && $3) AS hidden
FROM contact c
LEFT JOIN contact_phone p ON p.contact_id = c.id
LEFT JOIN endpoint e ON e.id = p.endpoint_id
WHERE c.workspace_id = $1 AND c.id = ANY ($2::bigint[]) AND c.deleted_at IS NULL
ORDER BY c.id, p.priority, e.id;

-- name: endpoints
-- What is known of bare numbers, with whose they are.
SELECT e.id AS endpoint_id, e.address, e.opted_out, e.held, e.carrier_blocked, e.invalid_reason IS NOT NULL AS invalid,
       e.consented_at IS NOT NULL AS consented, c.id AS contact_id, btrim(c.first_name || ' ' || c.last_name) AS name,
       $3::bigint[] <> '{}' AND EXISTS (SELECT FROM public.thread s WHERE s.workspace_id = $1 AND s.endpoint_id = e.id AND s.numbers && $3) AS hidden
FROM endpoint e
LEFT JOIN contact_phone p ON p.endpoint_id = e.id
LEFT JOIN contact c ON c.id = p.contact_id AND c.deleted_at IS NULL
WHERE e.workspace_id = $1 AND e.address = ANY ($2::text[]);

-- name: make_endpoints
-- Numbers that nobody wrote to yet: contacts, to be named later.
WITH made AS (
    INSERT INTO endpoint (workspace_id, address)
    SELECT $1, g.address FROM unnest($2::text[]) AS g (address) ORDER BY g.address
    ON CONFLICT (workspace_id, address) DO NOTHING RETURNING id
)
SELECT meet(array_agg(m.id), 'member') FROM made m;

-- name: draft
-- Begin a snapshot, once for each command.
INSERT INTO campaign (workspace_id, kind, name, state, cmd_id, fingerprint, launched_by, number_id, template, answers, created_at)
VALUES ($1, 'bulk', $2, 'draft', $3, $4, $5, $6, $7, $8::jsonb, $9)
ON CONFLICT (workspace_id, cmd_id) WHERE cmd_id IS NOT NULL DO NOTHING;

-- name: by_command
-- What a command has begun.
SELECT c.id, c.fingerprint, c.launched_at FROM campaign c WHERE c.workspace_id = $1 AND c.cmd_id = $2;

-- name: lock_draft
-- One who adds to a snapshot at a time.
SELECT c.id FROM campaign c WHERE c.id = $1 AND c.state = 'draft' FOR NO KEY UPDATE;

-- name: done_until
-- How far a snapshot has come: the place of its last row. The rows are the cursor.
SELECT coalesce(max(r.ord), 0) FROM campaign_recipient r WHERE r.campaign_id = $1;

-- name: taken
-- Those of the numbers that stand in the snapshot already.
SELECT r.endpoint_id FROM campaign_recipient r WHERE r.campaign_id = $1 AND r.endpoint_id = ANY ($2::bigint[]);

-- name: add_recipients
-- A piece of a snapshot.
WITH added AS (
INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, contact_id, endpoint_id, given, state, reason, body, segments)
SELECT $1, g.ord, $2, g.contact_id, g.endpoint_id, g.given, CASE WHEN g.reason IS NULL THEN 'pending' ELSE 'excluded' END,
       g.reason, g.body, g.segments
FROM unnest($3::integer[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::smallint[])
     AS g (ord, contact_id, endpoint_id, given, reason, body, segments)
RETURNING state
)
SELECT note_moved($1, $10, NULL, q.state, q.n) FROM (SELECT a.state, count(*) AS n FROM added a GROUP BY a.state) q;

-- name: counted
-- How many a snapshot has, and how many of them get the text.
SELECT count(*)::integer AS audience, (count(*) FILTER (WHERE r.state = 'pending'))::integer AS recipients
FROM campaign_recipient r WHERE r.campaign_id = $1;

-- name: begin
-- The snapshot is whole and as the member was told: from here on it is carried out.
UPDATE campaign SET state = 'active', audience = $2, launched_at = $3, version = version + 1,
       changed_xid = pg_current_xact_id()
WHERE id = $1;

-- name: drop_recipients
-- The rows of a snapshot that is not launched.
DELETE FROM campaign_recipient r USING campaign c WHERE r.campaign_id = $1 AND c.id = r.campaign_id AND c.state = 'draft';

-- name: forget
-- The sums of a snapshot that is not launched.
SELECT forget_stats(c.id) FROM campaign c WHERE c.id = $1 AND c.state = 'draft';

-- name: drop_draft
-- A snapshot that is not launched.
DELETE FROM campaign c WHERE c.id = $1 AND c.state = 'draft';

-- name: abandoned
-- Snapshots whose launch was cut off and never said again.
SELECT c.id FROM campaign c
WHERE c.cmd_id IS NOT NULL AND c.launched_at IS NULL AND c.kind = 'bulk' AND c.state = 'draft' AND c.created_at < $1;

-- name: note
-- Who launched, or recalled.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, $3, $4::jsonb);

-- name: open
-- What was launched and has not ended.
SELECT c.id FROM campaign c
WHERE c.kind = 'bulk' AND c.launched_at IS NOT NULL AND c.ended_at IS NULL AND c.state IN ('active', 'cancelled') ORDER BY c.id;

-- name: lock_exclusive
-- From the commit on, T3 lets nothing of it go.
SELECT pg_advisory_xact_lock($1);

-- name: claim
-- One server at a time carries it on.
SELECT c.id, c.workspace_id, c.name, c.state, c.launched_by, c.number_id, c.rate, c.built_at FROM campaign c
WHERE c.id = $1 AND c.kind = 'bulk' AND c.launched_at IS NOT NULL AND c.ended_at IS NULL
FOR NO KEY UPDATE SKIP LOCKED;

-- name: next
-- Whose turn it is to be queued, with what is known of their numbers now.
SELECT r.ord, r.endpoint_id, r.body, r.segments, e.address, e.opted_out, e.held, e.carrier_blocked,
       e.invalid_reason IS NOT NULL AS invalid, e.consented_at IS NOT NULL AS consented
FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id
WHERE r.campaign_id = $1 AND r.thread_id IS NULL AND r.reason IS NULL AND r.due_at IS NULL ORDER BY r.ord LIMIT $2;

-- name: built
-- Nobody is left to be queued.
UPDATE campaign SET built_at = $2 WHERE id = $1 AND built_at IS NULL;

-- name: recall
-- Taken back by a person.
UPDATE campaign SET state = 'cancelled', version = version + 1, changed_xid = pg_current_xact_id()
WHERE id = $1 AND workspace_id = $2 AND kind = 'bulk' AND launched_at IS NOT NULL AND state IN ('active', 'paused') RETURNING id;

-- name: recall_pending
-- What is not even queued of a cancelled one goes, a piece at a time.
WITH moved AS (
    UPDATE campaign_recipient r SET state = 'skipped', reason = 'campaign_cancelled', body = NULL
    WHERE r.campaign_id = $1 AND r.ord IN (
        SELECT q.ord FROM campaign_recipient q WHERE q.campaign_id = $1 AND q.thread_id IS NULL AND q.reason IS NULL
          AND q.due_at IS NULL ORDER BY q.ord LIMIT $2)
    RETURNING r.ord
)
SELECT note_moved($1, $3, 'pending', 'skipped', count(*)) FROM moved HAVING count(*) > 0;

-- name: end
-- It has ended: nobody is pending or in flight. Decided from the rows.
UPDATE campaign c SET ended_at = $2, state = CASE c.state WHEN 'active' THEN 'completed' ELSE c.state END,
       built_at = coalesce(c.built_at, $2), version = c.version + 1, changed_xid = pg_current_xact_id()
WHERE c.id = $1 AND c.launched_at IS NOT NULL AND c.ended_at IS NULL AND c.state IN ('active', 'cancelled')
  AND NOT EXISTS (SELECT FROM campaign_recipient r WHERE r.campaign_id = c.id AND r.thread_id IS NULL AND r.reason IS NULL AND r.due_at IS NULL)
  AND NOT EXISTS (SELECT FROM campaign_recipient r WHERE r.campaign_id = c.id AND r.state IN ('pending', 'in_flight'))
RETURNING c.id;

-- name: progress
-- Texts in bulk with the sums of their recipients, of one moment: one by its id, or a page of a workspace's, newest first.
SELECT c.id, c.workspace_id, c.name, c.state, c.template, m.name AS author, c.launched_at, c.ended_at, c.audience, s.*
FROM campaign c
LEFT JOIN member m ON m.id = c.launched_by
CROSS JOIN LATERAL campaign_sums(c.id) s
WHERE c.kind = 'bulk' AND c.launched_at IS NOT NULL AND ($1::bigint IS NULL OR c.workspace_id = $1)
  AND ($2::bigint IS NULL OR c.id = $2) AND ($3::bigint IS NULL OR c.id < $3)
ORDER BY c.id DESC LIMIT $4;

-- name: is_there
-- Whether it is this workspace's.
SELECT c.id FROM campaign c WHERE c.id = $2 AND c.workspace_id = $1 AND c.kind = 'bulk' AND c.launched_at IS NOT NULL;

-- name: recipients
-- A page of recipients after a place, with the error of their texts.
SELECT r.ord, r.contact_id, nullif(btrim(c.first_name || ' ' || c.last_name), '') AS name, coalesce(e.address, r.given) AS address,
       r.state, r.delivery, r.reason, m.error_class, m.error_code, r.thread_id, r.seq, r.segments
FROM campaign_recipient r
LEFT JOIN contact c ON c.id = r.contact_id
LEFT JOIN endpoint e ON e.id = r.endpoint_id
LEFT JOIN message m ON m.thread_id = r.thread_id AND m.seq = r.seq
WHERE r.campaign_id = $1 AND r.ord > $3
  AND (cardinality($2::text[]) = 0 OR r.state = ANY ($2) OR r.delivery = ANY ($2))
ORDER BY r.ord LIMIT $4;
