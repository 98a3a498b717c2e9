-- name: settings
-- One plan fits neither a tag that everybody has nor one that nobody has. Contacts come by id, and what selects them does too:
-- that is merged, not hashed anew for each chunk. A table that was empty when PostgreSQL last looked is not read whole for each
-- number while it fills. One process: CPU is what a launch costs everybody else.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '32MB', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'on', true),
       set_config('enable_seqscan', 'off', true), set_config('enable_memoize', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true);

-- name: rules
-- What the workspace asks for, what a segment costs there, whose name texts bear, and the number that new threads leave from.
SELECT w.opt_in_required, w.simulated, w.segment_price, w.price_currency, w.link_base, n.id AS number_id,
       least(n.rate, n.account_rate) AS rate,
       (SELECT m.name FROM member m WHERE m.workspace_id = w.id AND m.id = $3) AS agent,
       CASE WHEN $3::bigint IS NULL THEN '{}' ELSE hidden_from($3) END AS hidden,
       (SELECT o.address FROM number o WHERE o.workspace_id = w.id ORDER BY o.id LIMIT 1) AS home
FROM workspace w
LEFT JOIN LATERAL (
    SELECT o.id, o.rate, a.rate AS account_rate FROM number o JOIN carrier_account a ON a.id = o.account_id
    WHERE o.workspace_id = w.id AND ($2::bigint IS NULL OR o.id = $2) ORDER BY o.owner_id IS NOT NULL, o.id LIMIT 1
) n ON true
WHERE w.id = $1;

-- name: filters
-- Saved filters that a plan names.
SELECT f.id, f.name, f.definition FROM saved_filter f WHERE f.workspace_id = $1 AND f.id = ANY ($2::bigint[]);

-- name: imports
-- Lists that a plan names.
SELECT i.id, i.name, i.state FROM import i WHERE i.workspace_id = $1 AND i.id = ANY ($2::bigint[]);

-- name: picked
-- People who were chosen one by one.
SELECT g.id AS contact_id FROM unnest($ids::bigint[]) AS g (id);

-- name: imported
-- Whom these lists brought; whose lists they are was looked at before.
SELECT y.contact_id FROM import_change y WHERE y.import_id = ANY ($ids::bigint[]);

-- name: among
-- Whom these statements select, from where the chunk begins.
c.id IN (SELECT x.contact_id FROM ($selected) x WHERE x.contact_id > $after::bigint);

-- name: candidates
-- The next of the audience by id.
SELECT c.* FROM contact c
WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND c.id > $after::bigint AND ($who)
ORDER BY c.id LIMIT $limit::integer;

-- name: beyond
-- How many of the audience come after a contact.
SELECT count(*)::integer FROM contact c
WHERE c.workspace_id = $workspace AND c.deleted_at IS NULL AND c.id > $after::bigint AND ($who);

-- name: judged
-- Candidates with why each gets no text, or the number that it gets it at: domain.audience.choose. A contact's numbers are few
-- and their places small, so the first of several is the smallest of place and id in one number; an id has 47 bits of it. Each
-- contact is looked up by itself, whatever PostgreSQL thinks of the whole.
SELECT c.id, p.best & 140737488355327 AS endpoint_id, p.first & 140737488355327 AS first_id, $columns
       CASE WHEN p.opted_out THEN 'opted_out' WHEN p.held THEN 'held' WHEN p.carrier_blocked THEN 'carrier_blocked'
            WHEN p.first IS NULL THEN 'no_phone' WHEN NOT p.usable THEN 'invalid_number'
            WHEN NOT p.allowed THEN 'not_a_test_number' WHEN NOT p.seen THEN 'anothers_number' WHEN NOT p.free THEN 'duplicate'
            WHEN p.best IS NULL OR p.texted OR p.awaited OR ($lacking) THEN
                CASE WHEN $doubled THEN 'duplicate' WHEN $unasked THEN 'no_consent' WHEN p.texted THEN 'texted_recently'
                     WHEN p.awaited THEN 'in_active_campaign' ELSE 'missing_value' END
       END AS reason
FROM ($candidates) c $showing CROSS JOIN LATERAL (
    SELECT bool_or(n.opted_out) AS opted_out, bool_or(n.held) AS held, bool_or(n.carrier_blocked) AS carrier_blocked,
           min(n.rank) AS first, bool_or(n.usable) AS usable, bool_or(n.usable AND n.allowed) AS allowed,
           bool_or(n.usable AND n.allowed AND n.seen) AS seen, bool_or(n.usable AND n.allowed AND n.seen AND n.free) AS free,
           min(n.rank) FILTER (WHERE n.usable AND n.allowed AND n.seen AND n.free AND n.agreed) AS best,
           bool_or(n.seen AND n.texted) AS texted, bool_or(n.seen AND n.awaited) AS awaited
    FROM (
        SELECT e.opted_out, e.held, e.carrier_blocked, ((x.priority + 32768)::bigint << 47) | e.id AS rank,
               e.invalid_reason IS NULL AS usable, $allowed AS allowed, $seen AS seen, $free AS free, $agreed AS agreed,
               $texted AS texted, $awaited AS awaited
        FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
        WHERE x.contact_id = c.id AND x.workspace_id = $workspace AND e.workspace_id = $workspace OFFSET 0
    ) n
) p;

-- name: a_test_number
-- All that a simulation may text: domain.phone.is_test_number.
e.address ~ '^\+1(?!.11)[2-9][0-9]{2}55501[0-9]{2}$$';

-- name: seen
-- Nothing was written with it that is not for whoever sends: domain.sight.
NOT EXISTS (SELECT FROM public.thread s WHERE s.workspace_id = $workspace AND s.endpoint_id = e.id AND s.numbers && $hidden::bigint[]);

-- name: not_in_it
-- It does not stand in the snapshot already. Asked for the next one in the key's order, since the other key, by place, would be
-- read for all that the campaign has: the two look alike to PostgreSQL where campaigns were small when it last counted.
(SELECT r.endpoint_id FROM campaign_recipient r WHERE r.campaign_id = $campaign::bigint AND r.endpoint_id >= e.id
 ORDER BY r.endpoint_id LIMIT 1) IS DISTINCT FROM e.id;

-- name: none_left
-- All of a contact's numbers that could get the text stand in the snapshot already, or lack what else is asked. Of those who get
-- no text in any case the snapshot's key does not tell that, but it is the reason that is told.
NOT EXISTS (SELECT FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
            WHERE x.contact_id = c.id AND e.invalid_reason IS NULL AND $allowed AND $seen AND $free AND $agreed);

-- name: no_best
-- Nobody stands in a snapshot yet.
p.best IS NULL;

-- name: agreed
-- An opt-in is on record.
e.consented_at IS NOT NULL;

-- name: texted
-- We wrote to it at that instant or later.
EXISTS (SELECT FROM thread t WHERE t.workspace_id = $workspace AND t.endpoint_id = e.id AND t.last_out_at >= $since::timestamptz);

-- name: awaited
-- It is pending in one of these campaigns, or in flight: then its text is in the outbox, which holds few. Only by the number is it
-- looked for: an index by campaigns would be read for all that one has.
(EXISTS (SELECT FROM campaign_recipient r
         WHERE r.endpoint_id = e.id AND num_nonnulls(r.thread_id, r.reason) = 0 AND r.campaign_id + 0 = ANY ($others::bigint[]) OFFSET 0)
 OR e.id IN (SELECT o.endpoint_id FROM outbox o WHERE o.workspace_id = $workspace AND o.campaign_id = ANY ($others)));

-- name: others
-- Campaigns that are open, but for one.
SELECT k.id FROM campaign k WHERE k.workspace_id = $1 AND k.state = ANY ($2::text[]) AND k.id <> $3 ORDER BY k.id;

-- name: next_showing
-- What tokens of showings are made of.
LEFT JOIN LATERAL (
    SELECT s.at, s.property_address FROM showing s
    WHERE s.contact_id = c.id AND s.workspace_id = $workspace AND s.at > $now::timestamptz ORDER BY s.at, s.id LIMIT 1
) w ON true;

-- name: lacks_first_name
-- A token without a value.
btrim(c.first_name, $blank::text) = '';

-- name: lacks_last_name
-- A token without a value.
btrim(c.last_name, $blank::text) = '';

-- name: lacks_property_address
-- A token without a value.
(btrim(c.property_address, $blank::text) = '' AND coalesce(btrim(w.property_address, $blank), '') = '');

-- name: lacks_showing_time
-- A token without a value.
w.at IS NULL;

-- name: lacks_custom
-- A token without a value.
coalesce(btrim(c.custom ->> $field::text, $blank::text), '') = '';

-- name: held_first_name
-- What a token's value is made of.
c.first_name;

-- name: held_last_name
-- What a token's value is made of.
c.last_name;

-- name: held_property_address
-- What a token's value is made of.
c.property_address;

-- name: held_showing_address
-- What a token's value is made of.
w.property_address;

-- name: held_showing_at
-- What a token's value is made of.
w.at;

-- name: held_zone
-- What a token's value is made of.
c.zone;

-- name: held_digits
-- What a token's value is made of: so many of the first number's digits tell where it is.
(SELECT left(f.address, 5) FROM endpoint f WHERE f.id = p.first & 140737488355327);

-- name: held_custom
-- What a token's value is made of.
c.custom -> $field::text;

-- name: as_long
-- Something as long in its place, of characters that cost as much.
CASE WHEN $held ~ '^[A-Za-z0-9 ,-]*$$' THEN repeat('x', length(btrim($held))) ELSE $held END;

-- name: custom_as_long
-- As above.
CASE WHEN jsonb_typeof(c.custom -> $field::text) = 'string' AND c.custom ->> $field ~ '^[A-Za-z0-9 ,-]*$$'
     THEN to_jsonb(repeat('x', length(btrim(c.custom ->> $field)))) ELSE c.custom -> $field END;

-- name: lock
-- One who adds to a snapshot at a time, from where the last one has come to.
SELECT c.id, c.build_after, c.launched_by FROM campaign c
WHERE c.id = $1 AND c.workspace_id = $2 AND c.kind = 'campaign' AND c.build_after IS NOT NULL FOR NO KEY UPDATE;

-- name: alone
-- Nobody else begins a snapshot in this workspace until the transaction ends; false, at once, where somebody does.
SELECT pg_try_advisory_xact_lock(-1 - $1::bigint);

-- name: another
-- A snapshot of this workspace that was begun and is not whole yet.
SELECT EXISTS (SELECT FROM campaign k WHERE k.workspace_id = $1 AND k.id <> $2 AND k.build_after > 0);

-- name: last_ord
-- The place of the last one; a statement of its own, which sees what was written by whom the lock was waited for.
SELECT coalesce(max(r.ord), 0) FROM campaign_recipient r WHERE r.campaign_id = $1;

-- name: one_variant
-- Nothing to draw.
0;

-- name: lot
-- domain.variants.variant_of; below a hundred.
width_bucket(('x' || left(encode(sha256(convert_to($campaign::bigint || '/' || q.ord, 'UTF8')), 'hex'), 8))::bit(32)::bigint % 100,
             $ends::bigint[]);

-- name: add
-- A chunk of a snapshot. The excluded have no number in it, so that one that moves meanwhile is free for whom it moves to.
WITH placed AS (
    SELECT j.*, ($last_ord::bigint + row_number() OVER (ORDER BY j.id))::integer AS ord FROM ($judged) j
), added AS (
    INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, contact_id, endpoint_id, given, variant, state, reason)
    SELECT $campaign::bigint, q.ord, $workspace, q.id, CASE WHEN q.reason IS NULL THEN q.endpoint_id END,
           CASE WHEN q.reason IS NULL THEN ''
                ELSE coalesce((SELECT f.address FROM endpoint f WHERE f.id = q.first_id), '') END,
           $variant, CASE WHEN q.reason IS NULL THEN 'pending' ELSE 'excluded' END, q.reason
    FROM placed q RETURNING contact_id, reason
)
SELECT count(*)::integer AS read, (count(*) FILTER (WHERE a.reason IS NULL))::integer AS added, max(a.contact_id) AS last
FROM added a;

-- name: advance
-- So far it has come, and of so many, if that is known.
UPDATE campaign SET build_after = $2, to_look_at = coalesce($3, to_look_at) WHERE id = $1;

-- name: add_delta
-- What the chunk adds to the sums.
INSERT INTO campaign_stat_delta (campaign_id, at, excluded, pending) VALUES ($1, $2, $3, $4);

-- name: counted
-- A chunk of an audience, by reason and by what its texts are made of; and where its recipients may be.
SELECT grouping(j.digits) = 0 AS is_place, j.digits, j.places, j.reason, j.lacks, $held count(*)::integer AS n,
       min(j.id) AS id, max(j.id) AS last, (array_agg(j.id) FILTER (WHERE j.lacks IS NOT NULL))[1:$shown::integer] AS ids
FROM (
    SELECT j.id, j.reason, $held_of_recipients CASE WHEN j.reason = 'missing_value' THEN j.lacks END AS lacks, b.digits, b.places
    FROM ($judged) j LEFT JOIN LATERAL (
        SELECT left(f.address, 5) AS digits, f.places FROM endpoint f WHERE f.id = j.endpoint_id AND j.reason IS NULL OFFSET 0
    ) b ON true
) j
GROUP BY GROUPING SETS (($held j.reason, j.lacks), (j.digits, j.places));

-- name: listed
-- A chunk of an audience, one by one; of those who are not asked for only the last one, who says how far it has come.
SELECT j.id, j.reason, $held j.read, j.last, btrim(k.first_name || ' ' || k.last_name) AS name, coalesce((
           SELECT f.address FROM endpoint f WHERE f.id = CASE WHEN j.reason IS NULL THEN j.endpoint_id ELSE j.first_id END
       ), '') AS address
FROM (SELECT j.*, count(*) OVER () AS read, max(j.id) OVER () AS last FROM ($judged) j) j
JOIN contact k ON k.workspace_id = $workspace AND k.id = j.id
WHERE $asked_for OR j.id = j.last ORDER BY j.id;

-- name: brands
-- What the workspace is called, by itself and where it is registered with the carriers.
SELECT w.brand AS name FROM workspace w WHERE w.id = $1
UNION SELECT w.name FROM workspace w WHERE w.id = $1
UNION SELECT b.name FROM brand b WHERE b.workspace_id = $1;
