-- name: open_threads
-- Where texts to numbers and contacts go; made where there is nothing yet.
SELECT * FROM open_threads($1, $2, $3, $4, $5, $6);

-- name: cancel_mt
-- Take a text back that waits.
SELECT * FROM cancel_mt($1, $2, $3, $4, $5);

-- name: change_mt
-- Change a text that is to leave later.
SELECT * FROM change_mt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
