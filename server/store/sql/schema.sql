-- name: one_at_a_time
-- Two servers may start on one empty database.
SELECT pg_advisory_xact_lock(-2);

-- name: is_there
-- Whether the schema is there, by its first table; a stranger's table of that name has no such column.
SELECT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = current_schema()
               AND table_name = 'history' AND column_name = 'schema_version');

-- name: version
-- Of the schema.
SELECT schema_version FROM history;
