-- name: enqueue_mt
-- T2: queue texts, each command once.
SELECT * FROM enqueue_mt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19);
