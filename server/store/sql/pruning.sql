-- name: prune
-- Forget some of what nobody needs any more.
SELECT * FROM prune($1, $2);
