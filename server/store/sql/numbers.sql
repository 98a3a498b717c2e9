-- name: give
-- A number is another's from now on, where nobody was faster.
SELECT * FROM give_number($1, $2, $3, $4, $5);
