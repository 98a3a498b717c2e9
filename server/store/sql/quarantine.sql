-- name: keep
-- What crashed an actor three times, for a person to look at.
INSERT INTO quarantine (actor, message, traceback, at) VALUES ($1, $2, $3, $4);
