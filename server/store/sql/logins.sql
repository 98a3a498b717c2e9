-- name: take
-- A try to log in, under both keys or under none; the seconds to wait where there is none.
SELECT take_try($1, $2, $3);

-- name: give_back
-- It was right, and does not count.
SELECT give_back_try($1, $2);
