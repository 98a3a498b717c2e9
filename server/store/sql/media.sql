-- name: add_media
-- A picture to send.
INSERT INTO media (id, token, workspace_id, content_type, name, bytes, added_by) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: media
-- A picture, for whoever has its token.
SELECT content_type, bytes FROM media WHERE token = $1;

-- name: media_of
-- Where the carrier fetches pictures of this workspace; from here on they are kept for a text.
UPDATE media SET used = true WHERE workspace_id = $1 AND id = ANY ($2) RETURNING id, token, content_type;
