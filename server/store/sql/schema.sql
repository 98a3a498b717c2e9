-- name: one_at_a_time
-- Two servers may start on one empty database.
SELECT pg_advisory_xact_lock(-2);

-- name: is_there
-- Whether the schema is there, by its first table; a stranger's table of that name has no such column.
SELECT EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = current_schema() AND c.relname = 'history' AND c.relkind = 'r'
               AND a.attname = 'schema_version' AND NOT a.attisdropped);

-- name: version
-- Of the schema.
SELECT schema_version FROM history;
