-- name: begin
-- A file is coming.
INSERT INTO import (workspace_id, member_id, name, state) VALUES ($1, $2, $3, 'uploading') RETURNING id;

-- name: too_many
-- Of the files that nobody confirmed all but the newest ones.
SELECT id FROM import WHERE workspace_id = $1 AND state IN ('uploading', 'uploaded') ORDER BY id DESC OFFSET $2;

-- name: add_chunk
-- A piece of the file.
INSERT INTO import_chunk (import_id, nth, bytes)
SELECT id, $2, $3 FROM import WHERE id = $1 AND state = 'uploading' ON CONFLICT DO NOTHING;

-- name: uploaded
-- All of the file is here.
UPDATE import SET state = 'uploaded', size = $3, sha256 = $4, dialect = $5::jsonb, mapping = $6::jsonb, rows_total = $7
WHERE workspace_id = $1 AND id = $2 AND state = 'uploading';

-- name: chunk
-- A piece of the file.
SELECT bytes FROM import_chunk WHERE import_id = $1 AND nth = $2;

-- name: drop
-- Forget files that were not confirmed. $1 null: the server itself does.
UPDATE import SET state = 'dropped', ended_at = now()
WHERE ($1::bigint IS NULL OR workspace_id = $1) AND id = ANY ($2::bigint[]) AND state IN ('uploading', 'uploaded') RETURNING id;

-- name: forget
-- The pieces of these files.
DELETE FROM import_chunk WHERE import_id = ANY ($1::bigint[]);

-- name: page
-- Imports below an id, the newest first, or one.
SELECT i.id, i.workspace_id, i.name, i.size, i.state, i.dialect, i.mapping, i.consent, m.name AS member,
       c.name AS confirmed_by, i.rows_total, i.rows_done, i.created, i.updated, i.refused, i.taken_back, i.kept, i.sentence,
       i.at, i.confirmed_at, i.ended_at,
       (SELECT count(*) FROM import_refusal r WHERE r.import_id = i.id AND r.taken) AS noted
FROM import i
JOIN member m ON m.id = i.member_id
LEFT JOIN member c ON c.id = i.confirmed_by
WHERE i.workspace_id = $1 AND ($2::bigint IS NULL OR i.id < $2) AND ($3::bigint IS NULL OR i.id = $3)
  AND ($3::bigint IS NOT NULL OR i.state NOT IN ('uploading', 'dropped'))
ORDER BY i.id DESC LIMIT $4;

-- name: describe
-- How the file is read.
UPDATE import SET dialect = $3::jsonb, mapping = $4::jsonb, rows_total = $5
WHERE workspace_id = $1 AND id = $2 AND state = 'uploaded' RETURNING id;

-- name: confirm
-- Let it run.
UPDATE import SET state = 'running', mapping = $4::jsonb, consent = $5::jsonb, confirmed_by = $3, confirmed_at = $6
WHERE workspace_id = $1 AND id = $2 AND state = 'uploaded' RETURNING id;

-- name: add_fields
-- Custom fields that the file brings, behind those that are there.
INSERT INTO custom_field (workspace_id, name, label, kind, position)
SELECT $1, g.name, g.label, 'text', coalesce((SELECT max(f.position) + 1 FROM custom_field f WHERE f.workspace_id = $1), 0) + g.ord - 1
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS g (name, label, ord) ON CONFLICT DO NOTHING;

-- name: audit
-- Who did what to an import.
INSERT INTO audit (workspace_id, member_id, action, detail) VALUES ($1, $2, $3, jsonb_build_object('import', $4::bigint));

-- name: undo
-- Let it be taken back.
UPDATE import SET state = 'undoing', ended_at = NULL, runner = NULL, leased_until = '-infinity'
WHERE workspace_id = $1 AND id = $2 AND state IN ('done', 'failed') AND consent IS NOT NULL RETURNING id;

-- name: refusals
-- Rows of the file that were not taken, or not all of them.
SELECT r.line, r.sentence, r.taken, r.cells
FROM import_refusal r JOIN import i ON i.id = r.import_id
WHERE i.workspace_id = $1 AND r.import_id = $2 AND r.line > $3 ORDER BY r.line LIMIT $4;

-- name: own_fields
-- The custom fields of a workspace.
SELECT name, label, kind, choices FROM custom_field WHERE workspace_id = $1 ORDER BY position, id;

-- name: stages
-- The pipelines of a workspace with their stages.
SELECT l.id AS pipeline_id, l.name AS pipeline, s.id AS stage_id, s.name AS stage
FROM pipeline l LEFT JOIN stage s ON s.pipeline_id = l.id
WHERE l.workspace_id = $1 ORDER BY l.position, l.id, s.position, s.id;

-- name: members
-- Who can look after contacts.
SELECT id, name, email FROM member WHERE workspace_id = $1 AND disabled_at IS NULL ORDER BY id DESC;

-- name: take
-- An import that no living server works on.
UPDATE import SET runner = $1, leased_until = clock_timestamp() + $2
WHERE id = (SELECT id FROM import
            WHERE state IN ('running', 'undoing') AND (leased_until < clock_timestamp() OR runner = $1)
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, workspace_id;

-- name: store_slice
-- Take rows of a file.
SELECT * FROM import_people($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7);

-- name: numbers_of
-- The numbers of people with what is known of where those live.
SELECT e.id, e.address, k.zone, k.zip FROM contact k
JOIN contact_phone p ON p.contact_id = k.id
JOIN endpoint e ON e.id = p.endpoint_id
WHERE k.workspace_id = $1 AND k.id = ANY ($2::bigint[]);

-- name: add_places
-- Places, by words, where these numbers may be too; import_people has locked them.
UPDATE endpoint e SET places = ARRAY(SELECT DISTINCT z FROM unnest(e.places || g.places) AS z ORDER BY 1)
FROM (SELECT u.id, string_to_array(u.words, ' ') AS places FROM unnest($2::bigint[], $3::text[]) AS u (id, words)) g
WHERE e.workspace_id = $1 AND e.id = g.id AND NOT e.places @> g.places;

-- name: note
-- What was left out of rows that were taken, or is worth knowing of them.
INSERT INTO import_refusal AS f (import_id, line, sentence, taken)
SELECT $1, g.line, string_agg(g.sentence, ' ' ORDER BY g.ord), true
FROM unnest($2::integer[], $3::text[]) WITH ORDINALITY AS g (line, sentence, ord) GROUP BY g.line
ON CONFLICT (import_id, line) DO UPDATE SET sentence = f.sentence || ' ' || EXCLUDED.sentence;

-- name: holders
-- What contacts are called.
SELECT id, first_name, last_name FROM contact WHERE workspace_id = $1 AND id = ANY ($2::bigint[]);

-- name: finish
-- It has ended; the file is not needed any more.
UPDATE import SET state = CASE WHEN $3::text IS NULL THEN 'done' ELSE 'failed' END, sentence = $3, ended_at = $4, runner = NULL
WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING id;

-- name: undo_some
-- Take some of its contacts back.
SELECT undo_import($1, $2, $3, $4, $5, $6);

-- name: stale
-- Files whose sending was cut off, or that nobody confirmed within a day.
SELECT id FROM import
WHERE (state = 'uploading' AND at < now() - interval '1 hour') OR (state = 'uploaded' AND at < now() - interval '1 day');
