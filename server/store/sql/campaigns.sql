-- name: told
-- Campaigns with the figures of one moment: one by its id ($2), or a page of a workspace's, newest first.
SELECT c.id, c.workspace_id, c.name, c.description, c.state, c.version, c.plan, m.name AS author, c.created_at, c.launched_at,
       c.ended_at, c.archived_at, c.due_at, c.next_batch_at, c.paused_why, c.refused, c.is_template,
       c.launched_at IS NOT NULL AS whole,
       CASE WHEN c.launched_at IS NOT NULL THEN c.audience WHEN c.build_after IS NULL THEN 0
            ELSE (SELECT coalesce(max(r.ord), 0) FROM campaign_recipient r WHERE r.campaign_id = c.id) END AS built,
       CASE WHEN c.launched_at IS NULL AND c.build_after IS NOT NULL THEN c.to_look_at END AS to_look_at,
       greatest(c.created_at, s.moved_at) AS moved_at,
       EXISTS (SELECT FROM link k WHERE k.campaign_id = c.id) AS has_links,
       s.excluded, s.pending, s.in_flight, s.wired, s.rejected, s.unconfirmed, s.skipped, s.delivered, s.undelivered, s.replied,
       s.opted_out, s.clicked, s.segments, seen_by(array_remove(ARRAY[number_of(c.number_id, c.plan)], NULL)) AS seen_by
FROM (
    SELECT o.* FROM campaign o
    WHERE o.workspace_id = $1 AND o.kind = 'campaign' AND ($2::bigint IS NULL OR o.id = $2)
      AND ($2::bigint IS NOT NULL OR (
          (o.archived_at IS NOT NULL) = $3::boolean AND o.is_template = $4::boolean
          AND (cardinality($5::text[]) = 0 OR o.state = ANY ($5))
          AND NOT EXISTS (SELECT FROM unnest($6::text[]) AS w (word)
                          WHERE strpos(lower(o.name), lower(w.word)) = 0 AND strpos(lower(o.description), lower(w.word)) = 0)
          AND ($7::bigint IS NULL OR o.id < $7)))
    ORDER BY o.id DESC LIMIT $8
) c
LEFT JOIN member m ON m.workspace_id = c.workspace_id AND m.id = c.author_id
CROSS JOIN LATERAL campaign_sums(c.id) s
ORDER BY c.id DESC;

-- name: draft
-- A draft, or a template, once for each command; its id where it was not there.
INSERT INTO campaign (workspace_id, kind, name, description, state, plan, author_id, draft_cmd_id, is_template, created_at)
VALUES ($1, 'campaign', $2, $3, 'draft', $4::jsonb, $5, $6, $7, $8)
ON CONFLICT (workspace_id, draft_cmd_id) WHERE draft_cmd_id IS NOT NULL DO NOTHING RETURNING id;

-- name: drafted
-- What a command has made.
SELECT c.id FROM campaign c WHERE c.workspace_id = $1 AND c.draft_cmd_id = $2;

-- name: held
-- One of them, kept as it is until the transaction ends.
SELECT c.id, c.workspace_id, c.name, c.description, c.state, c.version, c.plan, c.made_after, c.last_batch_at,
       c.build_after IS NOT NULL AS launching
FROM campaign c WHERE c.workspace_id = $1 AND c.id = $2 AND c.kind = 'campaign' FOR NO KEY UPDATE;

-- name: kept
-- What a copy is made of.
SELECT c.name, c.description, c.plan, c.is_template FROM campaign c
WHERE c.workspace_id = $1 AND c.id = $2 AND c.kind = 'campaign';

-- name: number
-- What new threads are written from: the one that was chosen, or the workspace's first that is everybody's.
SELECT o.id FROM number o WHERE o.workspace_id = $1 AND ($2::bigint IS NULL OR o.id = $2) ORDER BY o.owner_id IS NOT NULL, o.id LIMIT 1;

-- name: save
-- How it stands from now on. A draft's pace, and its number, are set at its launch.
UPDATE campaign SET name = $3, description = $4, plan = $5::jsonb, rate = CASE state WHEN 'draft' THEN rate ELSE $6 END,
       due_at = coalesce($7, due_at), number_id = coalesce($8, number_id),
       next_batch_at = CASE WHEN $9::boolean THEN $10::timestamptz ELSE next_batch_at END,
       version = version + 1, changed_xid = pg_current_xact_id()
WHERE workspace_id = $1 AND id = $2;

-- name: archive
-- Out of the list or back into it; nothing where it is there already, or may still send ($4: in these states).
UPDATE campaign SET archived_at = CASE WHEN $3::boolean THEN $5::timestamptz END, version = version + 1,
       changed_xid = pg_current_xact_id()
WHERE workspace_id = $1 AND id = $2 AND kind = 'campaign' AND (archived_at IS NULL) = $3
  AND NOT ($3 AND (state = ANY ($4::text[]) OR build_after IS NOT NULL))
RETURNING id;

-- name: note
-- Who did what.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, $3, $4::jsonb);

-- name: note_sitting
-- Who changed a draft, as one row for as long as nobody else comes between and nothing else is done with it: half an hour after the
-- last change a member has sat down to it again. The latest rows of the workspace are looked at, so that no index is needed.
WITH last AS (
    SELECT q.* FROM (SELECT a.* FROM audit a WHERE a.workspace_id = $1 ORDER BY a.id DESC LIMIT 100) q
    WHERE q.detail -> 'campaign' = $4::jsonb -> 'campaign' ORDER BY q.id DESC LIMIT 1
), extended AS (
    UPDATE audit a SET detail = a.detail || $4::jsonb || jsonb_build_object(
        'parts', (SELECT jsonb_agg(DISTINCT p.part ORDER BY p.part)
                  FROM jsonb_array_elements((a.detail -> 'parts') || ($4::jsonb -> 'parts')) AS p (part)),
        'saves', coalesce((a.detail ->> 'saves')::integer, 1) + 1, 'until', $5::timestamptz)
    FROM last l
    WHERE a.id = l.id AND l.action = $3 AND l.member_id = $2
      AND coalesce((l.detail ->> 'until')::timestamptz, l.at) BETWEEN $5::timestamptz - interval '30 minutes' AND $5::timestamptz
    RETURNING a.id
)
INSERT INTO audit (workspace_id, member_id, action, detail, at)
SELECT $1, $2, $3, $4::jsonb, $5::timestamptz WHERE NOT EXISTS (SELECT FROM extended);
