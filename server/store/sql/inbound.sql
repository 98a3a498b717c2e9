-- name: record_mo
-- T1: store a batch of inbound texts; duplicates give no row.
SELECT * FROM record_mo($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
