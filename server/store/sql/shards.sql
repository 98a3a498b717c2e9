-- name: keep
-- Renew, take and give up, by what this server is wanted for.
SELECT shard, term FROM keep_shards($1, $2::text[], $3::interval);

-- name: bears_term
-- Whether what is written now is written under the newest term.
SELECT bears_term($1, $2);
