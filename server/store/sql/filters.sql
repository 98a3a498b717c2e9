-- name: column_first_name
-- What a text test reads.
c.first_name;

-- name: column_last_name
-- What a text test reads.
c.last_name;

-- name: column_name
-- What a text test reads.
btrim(c.first_name || ' ' || c.last_name);

-- name: column_email
-- What a text test reads.
c.email;

-- name: column_source
-- What a text test reads.
c.source;

-- name: column_property_address
-- What a text test reads.
c.property_address;

-- name: column_street
-- What a text test reads.
c.street;

-- name: column_city
-- What a text test reads.
c.city;

-- name: column_state
-- What a text test reads.
c.state;

-- name: column_zip
-- What a text test reads.
c.zip;

-- name: column_zone
-- What a text test reads.
coalesce(c.zone, '');

-- name: column_custom
-- What a text test reads.
coalesce(c.custom ->> $field::text, '');

-- name: text_is
-- Whatever the capitals; pg_c_utf8 knows them in every language, whatever the database's own locale.
lower($column COLLATE pg_c_utf8) = lower($value::text COLLATE pg_c_utf8);

-- name: text_contains
-- Anywhere.
strpos(lower($column COLLATE pg_c_utf8), lower($value::text COLLATE pg_c_utf8)) > 0;

-- name: text_begins
-- From its first character.
starts_with(lower($column COLLATE pg_c_utf8), lower($value::text COLLATE pg_c_utf8));

-- name: text_filled
-- Not empty.
$column <> '';

-- name: custom_choice_is
-- Exactly: choices are kept as they are offered. What stands for a value is made once, not for each contact.
(c.custom ->> $field::text = $value::text AND jsonb_typeof(c.custom -> $field) = 'string') IS TRUE;

-- name: custom_choice_is_ids
-- As above, from the values.
SELECT x.contact_id FROM contact_value x WHERE x.workspace_id = $workspace AND x.name = $field::text AND x.value = $value::jsonb;

-- name: custom_choice_filled
-- It has a value.
c.custom ->> $field::text <> '' IS TRUE;

-- name: custom_choice_filled_ids
-- As above, from the values.
SELECT x.contact_id FROM contact_value x WHERE x.workspace_id = $workspace AND x.name = $field::text AND x.value > '""';

-- name: custom_number_is
-- A value of another kind, of a field that was something else once, is none. Numbers compare as such within jsonb.
(c.custom -> $field::text = $value::jsonb) IS TRUE;

-- name: custom_number_is_ids
-- As above, from the values.
SELECT x.contact_id FROM contact_value x WHERE x.workspace_id = $workspace AND x.name = $field::text AND x.value = $value::jsonb;

-- name: custom_number_at_least
-- Or equal.
(c.custom -> $field::text >= $value::jsonb AND jsonb_typeof(c.custom -> $field) = 'number') IS TRUE;

-- name: custom_number_at_least_ids
-- As above, from the values; a boolean is more than any number.
SELECT x.contact_id FROM contact_value x WHERE x.workspace_id = $workspace AND x.name = $field::text AND x.value >= $value::jsonb AND x.value < 'false';

-- name: custom_number_at_most
-- Or equal.
(c.custom -> $field::text <= $value::jsonb AND jsonb_typeof(c.custom -> $field) = 'number') IS TRUE;

-- name: custom_number_at_most_ids
-- As above, from the values.
SELECT x.contact_id FROM contact_value x WHERE x.workspace_id = $workspace AND x.name = $field::text AND x.value <= $value::jsonb AND jsonb_typeof(x.value) = 'number';

-- name: custom_number_filled
-- It has a number.
(jsonb_typeof(c.custom -> $field::text) = 'number') IS TRUE;

-- name: custom_number_filled_ids
-- As above, from the values.
SELECT x.contact_id FROM contact_value x WHERE x.workspace_id = $workspace AND x.name = $field::text AND jsonb_typeof(x.value) = 'number';

-- name: custom_date_is
-- Days are kept as 2026-11-20, which sorts as it reads.
((c.custom ->> $field::text) COLLATE "C" = $value::text) IS TRUE;

-- name: custom_date_since
-- On that day or later.
((c.custom ->> $field::text) COLLATE "C" >= $value::text) IS TRUE;

-- name: custom_date_before
-- Before that day.
((c.custom ->> $field::text) COLLATE "C" < $value::text AND c.custom ->> $field <> '') IS TRUE;

-- name: custom_date_between
-- Both days included.
((c.custom ->> $field::text) COLLATE "C" BETWEEN $value::text AND $other::text) IS TRUE;

-- name: custom_date_filled
-- It has a day.
(c.custom ->> $field::text <> '') IS TRUE;

-- name: custom_boolean_yes
-- Set, and true.
(c.custom -> $field::text = 'true'::jsonb) IS TRUE;

-- name: custom_boolean_yes_ids
-- As above, from the values.
SELECT x.contact_id FROM contact_value x WHERE x.workspace_id = $workspace AND x.name = $field::text AND x.value = 'true';

-- name: custom_boolean_filled
-- Set.
(jsonb_typeof(c.custom -> $field::text) = 'boolean') IS TRUE;

-- name: custom_boolean_filled_ids
-- As above, from the values.
SELECT x.contact_id FROM contact_value x WHERE x.workspace_id = $workspace AND x.name = $field::text AND x.value IN ('true', 'false');

-- name: owner_is
-- This member looks after them.
(c.owner_id = $value::bigint) IS TRUE;

-- name: owner_filled
-- Somebody does.
c.owner_id IS NOT NULL;

-- name: created_since
-- At that instant or later.
c.created_at >= $value::timestamptz;

-- name: created_before
-- Before that instant.
c.created_at < $value::timestamptz;

-- name: tag_has
-- This tag; who has it belongs to its workspace.
SELECT x.contact_id FROM contact_tag x WHERE x.tag_id = $value::bigint
AND EXISTS (SELECT FROM tag g WHERE g.workspace_id = $workspace AND g.id = $value);

-- name: tag_filled
-- Some tag.
SELECT x.contact_id FROM contact_tag x WHERE x.workspace_id = $workspace;

-- name: stage_is
-- Stands in this stage.
SELECT x.contact_id FROM contact_stage x WHERE x.stage_id = $value::bigint
AND EXISTS (SELECT FROM stage g WHERE g.workspace_id = $workspace AND g.id = $value);

-- name: pipeline_has
-- Stands in some stage of it.
SELECT x.contact_id FROM contact_stage x WHERE x.pipeline_id = $value::bigint
AND EXISTS (SELECT FROM pipeline g WHERE g.workspace_id = $workspace AND g.id = $value);

-- name: phone_is
-- One of their numbers is this.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND e.address = $value::text;

-- name: phone_begins
-- One of them begins with these digits: with its country code, or North America's.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND (e.address ^@ ('+' || $value::text) OR e.address ^@ ('+1' || $value));

-- name: phone_ends
-- One of them ends with these digits.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND reverse(e.address) ^@ reverse($value::text);

-- name: phone_filled
-- There is a number.
SELECT x.contact_id FROM contact_phone x WHERE x.workspace_id = $workspace;

-- name: area_code_is
-- One of their numbers is of this area.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND e.address ^@ ('+1' || $value::text);

-- name: our_number_is
-- A conversation of theirs goes over this number of ours.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND t.number_id = $value::bigint;

-- name: last_in_since
-- They wrote at that instant or later.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND t.last_in_at >= $value::timestamptz;

-- name: last_in_ever
-- They wrote once.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND t.last_in_at IS NOT NULL;

-- name: last_out_since
-- We wrote at that instant or later.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND t.last_out_at >= $value::timestamptz;

-- name: last_out_ever
-- We wrote once.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND t.last_out_at IS NOT NULL;

-- name: last_text_since
-- Somebody wrote at that instant or later.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND (t.last_in_at >= $value::timestamptz OR t.last_out_at >= $value);

-- name: last_text_ever
-- There has been a text.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND (t.last_in_at IS NOT NULL OR t.last_out_at IS NOT NULL);

-- name: replied_yes
-- One of their conversations has texts in both directions.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND t.last_in_at IS NOT NULL AND t.last_out_at IS NOT NULL;

-- name: waiting_yes
-- In one of them the newest text is theirs.
SELECT x.contact_id FROM contact_phone x JOIN thread t ON t.endpoint_id = x.endpoint_id
WHERE t.workspace_id = $workspace AND t.last_in_at IS NOT NULL AND (t.last_out_at IS NULL OR t.last_in_at > t.last_out_at);

-- name: showing_between
-- Both ends included.
SELECT x.contact_id FROM showing x
WHERE x.workspace_id = $workspace AND x.at BETWEEN $value::timestamptz AND $other::timestamptz;

-- name: showing_ever
-- There is one.
SELECT x.contact_id FROM showing x WHERE x.workspace_id = $workspace;

-- name: campaign_has
-- It left for one of their numbers, or may have left.
SELECT x.contact_id FROM campaign_recipient r JOIN contact_phone x ON x.endpoint_id = r.endpoint_id
WHERE r.workspace_id = $workspace AND r.campaign_id = $value::bigint AND r.state IN ('in_flight', 'wired', 'unconfirmed');

-- name: opted_out_yes
-- One of their numbers.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND e.opted_out;

-- name: held_yes
-- One of their numbers.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND e.held;

-- name: consented_yes
-- One of their numbers.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND e.consented_at IS NOT NULL;

-- name: carrier_blocked_yes
-- One of their numbers.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND e.carrier_blocked;

-- name: invalid_yes
-- One of their numbers.
SELECT x.contact_id FROM contact_phone x JOIN endpoint e ON e.id = x.endpoint_id
WHERE e.workspace_id = $workspace AND e.invalid_reason IS NOT NULL;

-- name: one
-- A test whose statement selects contacts, asked of one of them.
EXISTS ($selected AND x.contact_id = c.id);

-- name: among
-- Such tests, asked of all contacts at once.
c.id IN ($selected);

-- name: before
-- Before an instant, but once: what a last text's "before" means, of the two tests that it is made of.
($ever AND NOT $since);
