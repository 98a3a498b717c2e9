-- name: take_time
-- Much is made up between the statements, on a busy machine for longer than a session may do nothing, or a transaction last.
SET LOCAL idle_in_transaction_session_timeout = '2min';
SET LOCAL transaction_timeout = 0

-- name: lock_workspaces
-- Two starts at once seed one after the other.
LOCK TABLE workspace IN SHARE ROW EXCLUSIVE MODE

-- name: real_workspace
-- The name of a workspace that is not simulated, if there is any.
SELECT name FROM workspace WHERE NOT simulated ORDER BY id LIMIT 1

-- name: demo_workspace
-- The demo's workspace and its account, if it was seeded.
SELECT w.id AS workspace_id, a.id AS account_id
FROM workspace w JOIN carrier_account a ON a.workspace_id = w.id
WHERE w.simulated AND a.sid = $1

-- name: point_account
-- The simulator listens elsewhere after each start and has a new secret.
UPDATE carrier_account SET secret = $2, base_url = $3 WHERE id = $1

-- name: newest
-- When the demo's newest text was written.
SELECT max(last_at) FROM thread

-- name: forget_all
-- Every row that belongs to a workspace, and what hangs on none; the history, the nodes and the authority stay.
TRUNCATE workspace, contact_value, contact_tally, message, thread_event, attempt, quarantine CASCADE

-- name: renew_history
-- Every position that a client holds is void.
UPDATE history SET stream_epoch = gen_random_uuid()

-- name: add_workspace
-- The demo's workspace, simulated for good.
INSERT INTO workspace (name, simulated, brand, contact) VALUES ($1, true, $1, $2) RETURNING id

-- name: add_members
-- Its people with the password that everybody may know.
INSERT INTO member (workspace_id, email, name, role, password_hash)
SELECT $1, m.email, m.name, m.role, $3
FROM jsonb_to_recordset($2::jsonb) AS m(email text, name text, role text)

-- name: add_own_numbers
-- The telephones of those who have shown that they are theirs.
INSERT INTO member_number (workspace_id, member_id, address, asked_at, tries_left, seen_seq, verified_at)
SELECT $1, m.id, g.phone, $3, 5, 0, $3
FROM jsonb_to_recordset($2::jsonb) AS g(email text, phone text)
JOIN member m ON m.workspace_id = $1 AND m.email = g.email WHERE g.phone IS NOT NULL

-- name: add_account
-- The simulated carrier; the schema takes none but one on this machine.
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url, swept_until)
VALUES ($1, true, 'simulator', $2, $3, $4, now()) RETURNING id

-- name: add_numbers
-- The workspace's own numbers.
INSERT INTO number (workspace_id, account_id, address, label, rate)
SELECT $1, $2, n.address, n.label, n.rate
FROM jsonb_to_recordset($3::jsonb) AS n(address text, label text, rate double precision)

-- name: add_endpoints
-- The numbers of everybody the workspace texts with.
INSERT INTO endpoint (workspace_id, address, opted_out, held, consent_epoch, places, created_at)
SELECT $1, e.address, e.opted_out, e.held, e.opted_out::int, e.places, $3
FROM jsonb_to_recordset($2::jsonb) AS e(address text, places text[], opted_out boolean, held boolean)

-- name: add_contacts
-- Everybody, each with a phone; strangers have no name yet.
WITH given AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('contact', 'id')) AS contact_id, m.id AS owner_id, c.*
    FROM jsonb_to_recordset($2::jsonb) AS c(address text, first text, last text, email text, owner text, street text,
         city text, state text, zip text, zone text, property_address text, custom jsonb)
    LEFT JOIN member m ON m.workspace_id = $1 AND m.email = c.owner
), named AS (
    INSERT INTO contact (id, workspace_id, first_name, last_name, email, owner_id, street, city, state, zip, zone,
                         property_address, custom, source, created_at) OVERRIDING SYSTEM VALUE
    SELECT contact_id, $1, first, last, email, owner_id, street, city, state, zip, zone, property_address, custom,
           CASE first WHEN '' THEN 'inbound' ELSE 'demo' END, $3
    FROM given
)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id, label)
SELECT $1, g.contact_id, e.id, CASE g.first WHEN '' THEN '' ELSE 'mobile' END
FROM given g JOIN endpoint e ON e.workspace_id = $1 AND e.address = g.address

-- name: add_second_phones
-- Some have another number, at which nobody has texted them yet.
WITH given AS MATERIALIZED (
    SELECT c.*, p.contact_id, e.places FROM jsonb_to_recordset($2::jsonb) AS c(address text, phone text, label text)
    JOIN endpoint e ON e.workspace_id = $1 AND e.address = c.address JOIN contact_phone p ON p.endpoint_id = e.id
), made AS (
    INSERT INTO endpoint (workspace_id, address, places, created_at) SELECT $1, g.phone, g.places, $3 FROM given g
    RETURNING id, address
)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id, label, priority)
SELECT $1, g.contact_id, m.id, g.label, 1 FROM given g JOIN made m ON m.address = g.phone

-- name: add_fields
-- What this brokerage notes of people.
INSERT INTO custom_field (workspace_id, name, label, kind, choices, position)
SELECT $1, f.name, f.label, f.kind, ARRAY(SELECT jsonb_array_elements_text(f.choices)), row_number() OVER () - 1
FROM jsonb_to_recordset($2::jsonb) AS f(name text, label text, kind text, choices jsonb)

-- name: add_pipelines
-- How far people come, step by step.
WITH given AS MATERIALIZED (
    SELECT g.p->>'name' AS name, g.p->'stages' AS stages, g.ord FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS g (p, ord)
), made AS (
    INSERT INTO pipeline (workspace_id, name, position) SELECT $1, name, ord - 1 FROM given ORDER BY ord RETURNING id, name
)
INSERT INTO stage (workspace_id, pipeline_id, name, position)
SELECT $1, m.id, s.name, s.ord - 1 FROM given g JOIN made m ON m.name = g.name
CROSS JOIN LATERAL jsonb_array_elements_text(g.stages) WITH ORDINALITY AS s (name, ord) ORDER BY g.ord, s.ord

-- name: add_tags
-- Who has which tag.
WITH given AS MATERIALIZED (
    SELECT p.contact_id, t.name FROM jsonb_to_recordset($2::jsonb) AS t(address text, name text)
    JOIN endpoint e ON e.workspace_id = $1 AND e.address = t.address JOIN contact_phone p ON p.endpoint_id = e.id
), made AS (
    INSERT INTO tag (workspace_id, name) SELECT DISTINCT $1, name FROM given RETURNING id, name
)
INSERT INTO contact_tag (workspace_id, contact_id, tag_id)
SELECT $1, g.contact_id, m.id FROM given g JOIN made m ON m.name = g.name

-- name: add_standings
-- Who stands where.
INSERT INTO contact_stage (workspace_id, contact_id, pipeline_id, stage_id)
SELECT $1, p.contact_id, l.id, s.id FROM jsonb_to_recordset($2::jsonb) AS g(address text, pipeline text, stage text)
JOIN endpoint e ON e.workspace_id = $1 AND e.address = g.address JOIN contact_phone p ON p.endpoint_id = e.id
JOIN pipeline l ON l.workspace_id = $1 AND l.name = g.pipeline JOIN stage s ON s.pipeline_id = l.id AND s.name = g.stage

-- name: add_showings
-- Visits that were agreed on.
INSERT INTO showing (workspace_id, contact_id, property_address, at, note)
SELECT $1, p.contact_id, g.property_address, g.at, g.note
FROM jsonb_to_recordset($2::jsonb) AS g(address text, property_address text, at timestamptz, note text)
JOIN endpoint e ON e.workspace_id = $1 AND e.address = g.address JOIN contact_phone p ON p.endpoint_id = e.id

-- name: add_threads
-- One for each conversation, as its newest text left it.
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_seq, in_total, last_at, last_preview, last_direction,
                    last_in_at, last_out_at, created_at)
SELECT $1, e.id, n.id, t.last_seq, t.in_total, t.last_at, t.preview, t.direction, t.last_in_at, t.last_out_at, t.created_at
FROM jsonb_to_recordset($2::jsonb) AS t(address text, number text, last_seq bigint, in_total bigint, last_at timestamptz,
     preview text, direction text, last_in_at timestamptz, last_out_at timestamptz, created_at timestamptz)
JOIN endpoint e ON e.workspace_id = $1 AND e.address = t.address
JOIN number n ON n.workspace_id = $1 AND n.address = t.number
ORDER BY e.id

-- name: add_messages
-- Every text with the event that it was.
WITH given AS MATERIALIZED (
    SELECT t.id AS thread_id, t.number_id, p.id AS author_id, m.*
    FROM jsonb_to_recordset($2::jsonb) AS m(address text, seq bigint, direction text, in_ord bigint, klass text,
         body text, segments smallint, state text, rank smallint, at timestamptz, author text, error_class text,
         error_code text, keyword text)
    JOIN endpoint e ON e.workspace_id = $1 AND e.address = m.address
    JOIN thread t ON t.endpoint_id = e.id
    LEFT JOIN member p ON p.email = m.author
), told AS (
    INSERT INTO thread_event (thread_id, seq, kind, at) SELECT thread_id, seq, 'message', at FROM given
)
INSERT INTO message (thread_id, seq, workspace_id, direction, in_ord, number_id, klass, body, segments, state, rank,
                     error_class, error_code, keyword, author_id, created_at)
SELECT thread_id, seq, $1, direction, in_ord, number_id, klass, body, segments, state, rank, error_class, error_code,
       keyword, author_id, at
FROM given

-- name: add_statuses
-- What became of the texts that were sent.
INSERT INTO thread_event (thread_id, seq, kind, ref, state, error_class, error_code, at)
SELECT t.id, s.seq, 'status', s.ref, s.state, s.error_class, s.error_code, s.at
FROM jsonb_to_recordset($2::jsonb) AS s(address text, seq bigint, ref bigint, state text, error_class text,
     error_code text, at timestamptz)
JOIN endpoint e ON e.workspace_id = $1 AND e.address = s.address
JOIN thread t ON t.endpoint_id = e.id

-- name: add_reads
-- How far each member has read each conversation.
INSERT INTO thread_read (member_id, thread_id, workspace_id, in_ord)
SELECT p.id, t.id, $1, r.in_ord
FROM jsonb_to_recordset($2::jsonb) AS r(email text, address text, in_ord bigint)
JOIN member p ON p.email = r.email
JOIN endpoint e ON e.workspace_id = $1 AND e.address = r.address
JOIN thread t ON t.endpoint_id = e.id

-- name: add_consents
-- Who opted out, by which text, and that it was answered.
WITH given AS MATERIALIZED (
    SELECT e.id AS endpoint_id, t.id AS thread_id, c.*
    FROM jsonb_to_recordset($2::jsonb) AS c(address text, text text, seq bigint, answer bigint, at timestamptz)
    JOIN endpoint e ON e.workspace_id = $1 AND e.address = c.address
    JOIN thread t ON t.endpoint_id = e.id
), answered AS (
    INSERT INTO keyword_answer (endpoint_id, consent_epoch, kind, workspace_id, thread_id, seq, at)
    SELECT endpoint_id, 1, 'opted_out', $1, thread_id, answer, at FROM given
)
INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, text, thread_id, seq, at)
SELECT $1, endpoint_id, 'opted_out', 1, 'text', text, thread_id, seq, at FROM given

-- name: add_reviews
-- Texts that wait for a person: they may have asked to stop. No answer to them is owed any more.
WITH given AS MATERIALIZED (
    SELECT e.id AS endpoint_id, t.id AS thread_id, r.*
    FROM jsonb_to_recordset($2::jsonb) AS r(address text, kind text, text text, seq bigint, at timestamptz)
    JOIN endpoint e ON e.workspace_id = $1 AND e.address = r.address
    JOIN thread t ON t.endpoint_id = e.id
), held AS (
    INSERT INTO consent_event (workspace_id, endpoint_id, kind, consent_epoch, source, text, thread_id, seq, at)
    SELECT $1, endpoint_id, kind, 0, 'text', text, thread_id, seq, at FROM given
)
INSERT INTO review (workspace_id, endpoint_id, thread_id, seq, kind, text, at, answer_by)
SELECT $1, endpoint_id, thread_id, seq, kind, text, at, now() FROM given ORDER BY at

-- name: add_templates
-- The texts that its people send often, in their folders.
WITH given AS MATERIALIZED (
    SELECT t.*, o.id AS owner_id, a.id AS author_id
    FROM jsonb_to_recordset($2::jsonb) AS t(folder text, name text, body text, author text, owner text, used bigint)
    JOIN member a ON a.workspace_id = $1 AND a.email = t.author
    LEFT JOIN member o ON o.workspace_id = $1 AND o.email = t.owner
), folder AS (
    INSERT INTO template_folder (workspace_id, name) SELECT DISTINCT $1::bigint, g.folder FROM given g WHERE g.folder IS NOT NULL
    RETURNING id, name
)
INSERT INTO template (workspace_id, owner_id, folder_id, name, body, used, used_at, created_by, changed_at)
SELECT $1, g.owner_id, f.id, g.name, g.body, g.used, $3::timestamptz - interval '1 hour' * (200 - g.used % 200), g.author_id,
       $3::timestamptz - interval '40 days'
FROM given g LEFT JOIN folder f ON f.name = g.folder
