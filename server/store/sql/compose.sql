-- name: open_threads
-- Where texts to numbers and contacts go; made where there is nothing yet.
SELECT * FROM open_threads($1, $2, $3, $4, $5, $6);
