-- name: add_ticket
-- A single-use way in.
INSERT INTO tickets (hash, permissions, workspaces, issued_by, created_at, expires_at)
VALUES (:hash, :permissions, :workspaces, :by, :now, :expires_at);

-- name: ticket
-- What a ticket is good for; nothing once the token that issued it was revoked or has expired.
SELECT permissions, workspaces, issued_by, expires_at, used_at FROM tickets WHERE hash = :hash
    AND NOT EXISTS (SELECT 1 FROM tokens t WHERE tickets.issued_by = 'token:' || t.id
    AND (t.revoked_at IS NOT NULL OR t.expires_at <= :now));

-- name: use_ticket
-- Spend a ticket; guarded, so that of two callers one gets in.
UPDATE tickets SET used_at = :now WHERE hash = :hash AND used_at IS NULL AND expires_at > :now;

-- name: prune_tickets
-- Tickets that nobody can use any more.
DELETE FROM tickets WHERE expires_at < :before;

-- name: add_session
-- A signed-in browser.
INSERT INTO sessions (id, hash, permissions, workspaces, opened_by, created_at, seen_at, expires_at)
VALUES (:id, :hash, :permissions, :workspaces, :by, :now, :now, :expires_at);

-- name: session
-- One session, to check the cookie that a browser presents; it ends with the token that opened it.
SELECT id, hash, permissions, workspaces, opened_by, seen_at, expires_at, ended_at FROM sessions WHERE id = :id
    AND NOT EXISTS (SELECT 1 FROM tokens t WHERE sessions.opened_by = 'token:' || t.id
    AND (t.revoked_at IS NOT NULL OR t.expires_at <= :now));

-- name: ended_sessions
-- Which of these sessions would no longer be accepted now.
SELECT asked.value AS id FROM json_each(:ids) asked WHERE NOT EXISTS (SELECT 1 FROM sessions s
    WHERE s.id = asked.value AND s.ended_at IS NULL AND s.expires_at > :now
    AND NOT EXISTS (SELECT 1 FROM tokens t WHERE s.opened_by = 'token:' || t.id
    AND (t.revoked_at IS NOT NULL OR t.expires_at <= :now)));

-- name: see_session
-- The idle time starts again.
UPDATE sessions SET seen_at = :now WHERE id = :id AND seen_at < :now;

-- name: end_session
-- Sign out.
UPDATE sessions SET ended_at = :now WHERE id = :id AND ended_at IS NULL;

-- name: sessions
-- Every session that a browser can still use, newest first, without its hash.
SELECT id, permissions, workspaces, opened_by, created_at, seen_at, expires_at FROM sessions
WHERE ended_at IS NULL AND expires_at > :now AND seen_at > :idle AND NOT EXISTS (SELECT 1 FROM tokens t
    WHERE sessions.opened_by = 'token:' || t.id AND (t.revoked_at IS NOT NULL OR t.expires_at <= :now))
ORDER BY created_at DESC, id;

-- name: prune_sessions
-- Sessions that nobody can use any more.
DELETE FROM sessions WHERE ended_at IS NOT NULL OR expires_at < :now OR seen_at < :idle OR EXISTS (SELECT 1
    FROM tokens t WHERE sessions.opened_by = 'token:' || t.id AND (t.revoked_at IS NOT NULL OR t.expires_at <= :now));
