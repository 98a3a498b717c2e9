-- name: at_once
-- One plan fits neither a tag that everybody has nor one that nobody has; and what is sorted is larger than elsewhere. What
-- is joined comes out of indexes by id: merging it took a fifth of what hashing a million did. Several processes are for
-- reading all contacts: three that look 130,000 people up one by one took twice what one took that merged them.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '32MB', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'on', true),
       set_config('max_parallel_workers_per_gather', '2', true), set_config('parallel_setup_cost', '20000', true);

-- name: one_by_one
-- For a walk along an order that ends after some dozen: nothing is worth hashing, nor a second process.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '256kB', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true);

-- name: vocabulary
-- What a definition refers to, by ids or names in small letters, as this workspace has it.
WITH asked AS (SELECT $1::bigint AS workspace_id, $2::bigint[] AS ids, $3::text[] AS names)
SELECT 'tag' AS what, t.id, t.name FROM asked a JOIN tag t USING (workspace_id)
WHERE t.id = ANY (a.ids) OR lower(t.name COLLATE pg_c_utf8) = ANY (a.names)
UNION ALL
SELECT 'stage', s.id, s.name FROM asked a JOIN stage s USING (workspace_id)
WHERE s.id = ANY (a.ids) OR lower(s.name COLLATE pg_c_utf8) = ANY (a.names)
UNION ALL
SELECT 'pipeline', p.id, p.name FROM asked a JOIN pipeline p USING (workspace_id)
WHERE p.id = ANY (a.ids) OR lower(p.name COLLATE pg_c_utf8) = ANY (a.names)
UNION ALL
SELECT 'member', m.id, m.name FROM asked a JOIN member m USING (workspace_id)
WHERE m.id = ANY (a.ids) OR lower(m.name COLLATE pg_c_utf8) = ANY (a.names)
UNION ALL
SELECT 'number of ours', n.id, n.address FROM asked a JOIN number n USING (workspace_id)
WHERE n.id = ANY (a.ids) OR n.address = ANY (a.names)
UNION ALL
SELECT 'campaign', k.id, k.name FROM asked a JOIN campaign k USING (workspace_id)
WHERE k.id = ANY (a.ids) OR lower(k.name COLLATE pg_c_utf8) = ANY (a.names);

-- name: own_fields
-- The workspace's custom fields.
SELECT f.name, f.label, f.kind, f.choices FROM custom_field f WHERE f.workspace_id = $1 ORDER BY f.position, f.id;

-- name: sought
-- The terms of a search with the tags that each names: every word of the first text is one, each further text is one.
SELECT g.ord, beginning_with(w.words)::text AS query,
       ARRAY(SELECT t.id FROM tag t WHERE t.workspace_id = $1 AND t.search @@ beginning_with(w.words)) AS tags
FROM unnest($2::text[]) WITH ORDINALITY AS g (piece, ord) CROSS JOIN LATERAL (
    SELECT ARRAY[word] FROM unnest(search_words(g.piece)) AS word WHERE g.ord = 1
    UNION ALL SELECT search_words(g.piece) WHERE g.ord > 1
) AS w (words);

-- name: word
-- Asked of one contact: a word of the name or the e-mail address begins so.
c.search @@ $query::text::tsquery;

-- name: tagged
-- Asked of one contact: it has one of these tags, which are of this workspace.
EXISTS (SELECT FROM contact_tag x WHERE x.contact_id = c.id AND x.tag_id = ANY ($tags::bigint[]));

-- name: dialled
-- Asked of one contact: one of its numbers begins or ends so.
EXISTS (SELECT FROM contact_phone p JOIN endpoint e ON e.id = p.endpoint_id
        WHERE p.contact_id = c.id AND e.workspace_id = $workspace
          AND (e.address ^@ $abroad::text OR e.address ^@ $here::text OR reverse(e.address) ^@ reverse($digits::text)));

-- name: word_ids
-- Asked of all contacts: as `word`.
SELECT k.id FROM contact k WHERE k.workspace_id = $workspace AND k.search @@ $query::text::tsquery;

-- name: tagged_ids
-- Asked of all contacts: as `tagged`.
SELECT x.contact_id FROM contact_tag x WHERE x.tag_id = ANY ($tags::bigint[]);

-- name: dialled_ids
-- Asked of all contacts: as `dialled`.
SELECT p.contact_id FROM endpoint e JOIN contact_phone p ON p.endpoint_id = e.id
WHERE e.workspace_id = $workspace
  AND (e.address ^@ $abroad::text OR e.address ^@ $here::text OR reverse(e.address) ^@ reverse($digits::text));

-- name: one_of
-- Several ways of being found, asked of all contacts.
c.id IN ($ways);

-- name: count
-- How many.
SELECT count(*) FROM contact c WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND $where;

-- name: of_chosen
-- Those whom a test selects: the others are not looked at, and who is hidden is looked up among the hidden.
FROM (SELECT x.contact_id AS id FROM ($chosen) x) c
WHERE $where AND NOT EXISTS (SELECT FROM contact k
                             WHERE k.workspace_id = $workspace AND k.deleted_at IS NOT NULL AND k.id = c.id);

-- name: count_chosen
-- How many of them.
SELECT count(DISTINCT c.id) AS count $of_chosen;

-- name: chosen
-- Only who they are, some of them more than once.
SELECT c.id $of_chosen;

-- name: everybody
-- How many there are.
SELECT coalesce(sum(y.n), 0)::bigint AS count FROM contact_tally y WHERE y.workspace_id = $workspace;

-- name: others
-- How many are left when those are taken away: what is denied is mostly rare.
SELECT ($everybody) - ($counted) AS count;

-- name: ids_after
-- The next ones by id.
SELECT c.id FROM contact c
WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND c.id > $after::bigint AND $where
ORDER BY c.id LIMIT $limit::integer;

-- name: found
-- All who match, with what they are sorted by.
SELECT c.id, c.sort_name, c.created_at FROM contact c
WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND $where;

-- name: found_chosen
-- The same where tests select them: only who is left of those is read. OFFSET 0: each by its key, never all of them.
SELECT k.* FROM (SELECT DISTINCT c.id FROM (SELECT x.contact_id AS id FROM ($chosen) x) c WHERE $where) f
CROSS JOIN LATERAL (SELECT c.id, c.sort_name, c.created_at FROM contact c
                    WHERE c.workspace_id = $workspace AND c.id = f.id AND c.deleted_at IS NULL OFFSET 0) k;

-- name: everybody_name
-- A page of everybody by name.
SELECT c.id, c.sort_name AS key, c.id AS tie FROM contact c
WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND $below
ORDER BY c.sort_name, c.id LIMIT $limit::integer;

-- name: near_name
-- A page by name, looked for among the next so many contacts only.
SELECT c.id, c.sort_name AS key, c.id AS tie FROM (
    SELECT c.* FROM contact c WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND $below
    ORDER BY c.sort_name, c.id LIMIT $window::integer
) c WHERE $where ORDER BY c.sort_name, c.id LIMIT $limit::integer;

-- name: whole_name
-- A page by name, from all who match: the order must not tempt the planner into walking along it.
WITH found AS MATERIALIZED ($found)
SELECT c.id, c.sort_name AS key, c.id AS tie FROM found c WHERE $below ORDER BY c.sort_name, c.id LIMIT $limit::integer;

-- name: below_name
-- What follows a cursor.
(c.sort_name, c.id) > ($key::text, $tie::bigint);

-- name: everybody_created
-- A page of everybody by creation.
SELECT c.id, c.created_at AS key, c.id AS tie FROM contact c
WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND $below
ORDER BY c.created_at DESC, c.id DESC LIMIT $limit::integer;

-- name: near_created
-- A page by creation, looked for among the next so many contacts only.
SELECT c.id, c.created_at AS key, c.id AS tie FROM (
    SELECT c.* FROM contact c WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND $below
    ORDER BY c.created_at DESC, c.id DESC LIMIT $window::integer
) c WHERE $where ORDER BY c.created_at DESC, c.id DESC LIMIT $limit::integer;

-- name: whole_created
-- A page by creation, from all who match.
WITH found AS MATERIALIZED ($found)
SELECT c.id, c.created_at AS key, c.id AS tie FROM found c WHERE $below
ORDER BY c.created_at DESC, c.id DESC LIMIT $limit::integer;

-- name: below_created
-- What follows a cursor.
(c.created_at, c.id) < ($key::timestamptz, $tie::bigint);

-- name: near_activity
-- A page by the newest text, looked for among the next so many conversations only; each contact at its newest. Of those who do
-- not match nothing else is asked: it may be most.
SELECT c.id, t.last_at AS key, t.id AS tie FROM (
    SELECT t.id, t.endpoint_id, t.last_at FROM thread t WHERE t.workspace_id = $workspace AND $below
    ORDER BY t.last_at DESC, t.id DESC LIMIT $window::integer
) t JOIN contact_phone p ON p.endpoint_id = t.endpoint_id JOIN contact c ON c.id = p.contact_id
WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND $where AND $newest
ORDER BY t.last_at DESC, t.id DESC LIMIT $limit::integer;

-- name: everybody_activity
-- A page of everybody by the newest text. Many a conversation may be of somebody who is hidden, so nothing bounds the walk.
SELECT c.id, t.last_at AS key, t.id AS tie
FROM thread t JOIN contact_phone p ON p.endpoint_id = t.endpoint_id JOIN contact c ON c.id = p.contact_id
WHERE t.workspace_id = $workspace AND c.workspace_id = $workspace AND c.deleted_at IS NULL AND $below AND $newest
ORDER BY t.last_at DESC, t.id DESC LIMIT $limit::integer;

-- name: whole_activity
-- A page by the newest text, from all who match. Of everybody's numbers and conversations those of an array are read in one pass
-- of an index, where a join would descend for each or take every entry: half of the time for 60,000 of a million. OFFSET 0: they
-- are sorted first, so that only those on the page are asked whether they are a contact's newest.
SELECT p.contact_id AS id, t.last_at AS key, t.id AS tie FROM (
    SELECT t.id, t.endpoint_id, t.last_at FROM thread t WHERE t.workspace_id = $workspace AND t.endpoint_id = ANY (ARRAY(
        SELECT p.endpoint_id FROM contact_phone p WHERE p.contact_id = ANY (ARRAY(SELECT f.id FROM ($found) f))))
    ORDER BY t.last_at DESC, t.id DESC OFFSET 0
) t JOIN contact_phone p ON p.endpoint_id = t.endpoint_id
WHERE $below AND $newest ORDER BY t.last_at DESC, t.id DESC LIMIT $limit::integer;

-- name: newest
-- No other conversation of the contact is newer.
NOT EXISTS (SELECT FROM contact_phone p2 JOIN thread t2 ON t2.workspace_id = $workspace AND t2.endpoint_id = p2.endpoint_id
            WHERE p2.contact_id = p.contact_id AND (t2.last_at, t2.id) > (t.last_at, t.id));

-- name: below_activity
-- What follows a cursor.
(t.last_at, t.id) < ($key::timestamptz, $tie::bigint);

-- name: never_texted
-- Who comes after all conversations.
NOT EXISTS (SELECT FROM contact_phone p JOIN thread t ON t.workspace_id = $workspace AND t.endpoint_id = p.endpoint_id
            WHERE p.contact_id = c.id);
