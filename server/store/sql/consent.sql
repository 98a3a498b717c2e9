-- name: state
-- How the consent of a number stands.
SELECT e.id AS endpoint_id, e.address, e.opted_out, e.held, e.carrier_blocked, e.consent_epoch AS epoch, e.consented_at,
       (SELECT max(c.at) FROM consent_event c WHERE c.endpoint_id = e.id AND c.kind = ANY ($3)) AS said_no_at,
       w.opt_in_required, w.brand, k.id AS contact_id, nullif(btrim(k.first_name || ' ' || k.last_name), '') AS name,
       t.id AS thread_id
FROM endpoint e
JOIN workspace w ON w.id = e.workspace_id
LEFT JOIN contact_phone p ON p.endpoint_id = e.id
LEFT JOIN contact k ON k.id = p.contact_id AND k.deleted_at IS NULL
LEFT JOIN thread t ON t.endpoint_id = e.id AND t.workspace_id = e.workspace_id
WHERE e.workspace_id = $1 AND e.id = $2;

-- name: entries
-- A number's ledger below an entry, the newest first.
SELECT c.id AS event_id, c.kind, c.source, c.consent_epoch AS epoch, c.at, c.recorded_at, c.text, c.evidence,
       m.name AS member, c.thread_id, c.seq,
       f.id AS proof_id, f.name AS proof_name, f.content_type, octet_length(f.bytes) AS size, f.sha256, f.at AS proof_at
FROM consent_event c
LEFT JOIN member m ON m.id = c.member_id
LEFT JOIN proof f ON f.id = c.proof_id
WHERE c.workspace_id = $1 AND c.endpoint_id = $2 AND ($3::bigint IS NULL OR c.id < $3)
ORDER BY c.id DESC LIMIT $4;

-- name: standing
-- Lock an endpoint, and read what judges an entry.
SELECT * FROM consent_standing($1, $2, $3);

-- name: write
-- Write a judged entry down.
SELECT * FROM write_consent($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12);

-- name: by_command
-- What a command has written down.
SELECT id AS event_id, endpoint_id, consent_epoch AS epoch, fingerprint FROM consent_event
WHERE workspace_id = $1 AND cmd_id = $2;

-- name: opt_ins
-- Opt-ins of many numbers.
SELECT * FROM record_opt_ins($1, $2, $3, $4, $5, $6::jsonb, $7, $8);

-- name: has_proof
-- Whether a file is there; then it stays until the transaction ends.
SELECT true FROM proof WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE;

-- name: add_proof
-- Keep a file once.
WITH fresh AS (
    INSERT INTO proof (workspace_id, sha256, name, content_type, bytes, added_by) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING RETURNING *
), noted AS (
    INSERT INTO audit (workspace_id, member_id, action, detail)
    SELECT $1, $6, 'proof_added', jsonb_build_object('proof', f.id, 'name', f.name, 'sha256', encode(f.sha256, 'hex'))
    FROM fresh f
)
SELECT f.id AS proof_id, f.name AS proof_name, f.content_type, octet_length(f.bytes) AS size, f.sha256, f.at AS proof_at
FROM fresh f;

-- name: same_proof
-- The file that has these bytes; it is wanted again.
UPDATE proof f SET wanted_at = now() WHERE f.workspace_id = $1 AND f.sha256 = $2
RETURNING f.id AS proof_id, f.name AS proof_name, f.content_type, octet_length(f.bytes) AS size, f.sha256, f.at AS proof_at;

-- name: proof
-- A file with its bytes.
SELECT f.id AS proof_id, f.name AS proof_name, f.content_type, octet_length(f.bytes) AS size, f.sha256, f.at AS proof_at,
       f.bytes
FROM proof f WHERE f.workspace_id = $1 AND f.id = $2;

-- name: taken_away
-- Somebody downloads the proof of a number.
INSERT INTO audit (workspace_id, member_id, action, detail)
VALUES ($1, $2, 'consent_proof_downloaded', jsonb_build_object('endpoint', $3::bigint, 'last', $4::bigint));

-- name: opt_in_required
-- Whether bulk needs a consent on record.
SELECT opt_in_required FROM workspace WHERE id = $1;

-- name: endpoint_of
-- The number that a conversation is with.
SELECT endpoint_id FROM thread WHERE workspace_id = $1 AND id = $2;
