-- A workspace of :count people, each with a number, two tags of fifty, half of them in a stage of six, a fifth texted with.
-- What a row has follows from its number: the same people in every run.
INSERT INTO tag (workspace_id, name) SELECT 1, CASE i WHEN 7 THEN 'Open House Attendee' ELSE 'Tag ' || i END
FROM generate_series(1, 50) i;
INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Leads');
INSERT INTO stage (workspace_id, pipeline_id, name, position)
SELECT 1, 1, n, o FROM unnest('{New Lead,Contacted,Nurture,Showing,Offer,Closed}'::text[]) WITH ORDINALITY q (n, o);
INSERT INTO custom_field (workspace_id, name, label, kind, choices)
VALUES (1, 'budget', 'Budget', 'number', '{}'), (1, 'kind', 'Kind', 'choice', '{House,Flat,Land}'),
       (1, 'moving_on', 'Moving on', 'date', '{}');
CREATE FUNCTION pg_temp.pick(given text[], n bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN given[(1 + abs(n) % cardinality(given))::integer];
INSERT INTO contact (workspace_id, first_name, last_name, email, owner_id, city, state, zip, property_address, custom,
                     source, created_at)
SELECT 1,
    pg_temp.pick('{Maya,Liam,Noah,Emma,Olivia,José,Ana,James,Sofia,Lucas,Mia,Ethan,Zoë,Grace,Henry,Ivy,Jack,Kim,Leo,Nora,Owen,Pia,
Quinn,Ruth,Sam,Tess,Uma,Vera,Will,Xena,Yara,Zack,Abe,Ben,Cleo,Dan,Eve,Finn,Gus,Hana}', hashint8(i)),
    pg_temp.pick('{Torres,Smith,Johnson,Brown,Garcia,Miller,Davis,Lopez,Wilson,Anderson,Thomas,Taylor,Moore,Jackson,Martin,
Lee,Perez,Thompson,White,Harris,Sanchez,Clark,Ramirez,Lewis,Robinson,Walker,Young,Allen,King,Wright,Scott,Nguyen}', hashint8(-i))
        || CASE i % 3 WHEN 0 THEN '' ELSE '-' || substr(md5(i::text), 1, 3) END,
    'p' || i || '@' || pg_temp.pick('{gmail.com,yahoo.com,outlook.com,icloud.com}', i), 1,
    pg_temp.pick('{Boston,Salem,Lynn,Quincy,Newton,Lowell}', i), 'MA', lpad((i % 99999)::text, 5, '0'), i % 9000 || ' Elm Street',
    jsonb_build_object('budget', i % 100 * 10000, 'kind', pg_temp.pick('{House,Flat,Land}', i),
                       'moving_on', date '2026-01-01' + (i % 700)::integer),
    'import', now() - i * interval '1 minute'
FROM generate_series(1::bigint, :count) i;
-- the triggers that keep these are off with the checks of foreign keys
INSERT INTO contact_value (workspace_id, name, value, contact_id)
SELECT c.workspace_id, v.name, v.value, c.id FROM contact c, values_of(c.custom) v ORDER BY 2, 3, 4;
INSERT INTO contact_tally (workspace_id, n) SELECT workspace_id, count(*) FROM contact WHERE deleted_at IS NULL GROUP BY 1;
INSERT INTO endpoint (workspace_id, address, opted_out, consented_at)
SELECT 1, '+1' || 200 + i % 700 || lpad((2000000 + i / 700 * 37)::text, 7, '0'), i % 50 = 0,
       CASE WHEN i % 3 = 1 AND i % 50 <> 0 THEN now() END
FROM generate_series(1::bigint, :count) i;
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, c.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM contact) c
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM endpoint WHERE address NOT LIKE '+1415555%') e USING (n);
INSERT INTO contact_tag (workspace_id, contact_id, tag_id)
SELECT 1, id, 1 + (id * k * 13) % 50 FROM contact, generate_series(1, 2) k ON CONFLICT DO NOTHING;
INSERT INTO contact_stage (workspace_id, contact_id, pipeline_id, stage_id)
SELECT 1, id, 1, 1 + id / 2 % 6 FROM contact WHERE id % 2 = 0;
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at, last_in_at, last_out_at)
SELECT 1, id, 1, now() - id * interval '10 seconds', CASE WHEN id % 4 = 0 THEN now() - id * interval '10 seconds' END,
       now() - id * interval '12 seconds'
FROM endpoint WHERE id % 5 = 0 ON CONFLICT DO NOTHING;
