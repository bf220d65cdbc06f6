-- name: add_token
-- Keep a new token's hash and rights.
INSERT INTO tokens (id, name, hash, permissions, workspaces, created_at, created_by, expires_at)
VALUES (:id, :name, :hash, :permissions, :workspaces, :now, :by, :expires_at);

-- name: token
-- One token, to check what a caller presents.
SELECT id, hash, permissions, workspaces, expires_at, revoked_at FROM tokens WHERE id = :id;

-- name: ended_tokens
-- Which of these tokens would no longer be accepted now.
SELECT asked.value AS id FROM json_each(:ids) asked WHERE NOT EXISTS (SELECT 1 FROM tokens t
    WHERE t.id = asked.value AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > :now));

-- name: tokens
-- Every token, newest first, without its hash.
SELECT id, name, permissions, workspaces, created_at, created_by, expires_at, last_used_at, revoked_at, revoked_by
FROM tokens ORDER BY created_at DESC, id;

-- name: live_tokens
-- How many tokens would be accepted now: an exposed server refuses to start with none.
SELECT count(*) AS n FROM tokens WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: revoke_token
-- End a token; it stays listed.
UPDATE tokens SET revoked_at = :now, revoked_by = :by WHERE id = :id AND revoked_at IS NULL;

-- name: touch_token
-- When a token was last used, to the minute.
UPDATE tokens SET last_used_at = :now WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :now);

-- name: prune_tokens
-- Tokens that ended long ago; not while something is there that ends with them.
DELETE FROM tokens WHERE (revoked_at < :before OR expires_at < :before)
    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.opened_by = 'token:' || tokens.id)
    AND NOT EXISTS (SELECT 1 FROM tickets i WHERE i.issued_by = 'token:' || tokens.id);
