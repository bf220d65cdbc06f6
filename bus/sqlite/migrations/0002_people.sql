-- Tokens, sessions, sign-in tickets, and the log of what people changed.

-- Only SHA-256 of a 256-bit random is kept: who reads this file can't call the API with it.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY CHECK (length(id) = 12),
    name TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    workspaces TEXT CHECK (workspaces IS NULL OR json_valid(workspaces)),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER,
    revoked_by TEXT,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY CHECK (length(id) = 12),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    workspaces TEXT CHECK (workspaces IS NULL OR json_valid(workspaces)),
    opened_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

-- Single use: `used_at` is set by the statement that redeems it, guarded to change exactly one row.
CREATE TABLE tickets (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    workspaces TEXT CHECK (workspaces IS NULL OR json_valid(workspaces)),
    issued_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE INDEX tickets_by_expiry ON tickets (expires_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- The log for people, and for whoever asks later who did what. Never secrets, never bodies.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    principal TEXT NOT NULL,
    token_id TEXT,
    workspace_id INTEGER,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    request_id TEXT,
    origin TEXT
) STRICT;

CREATE INDEX audit_by_workspace ON audit (workspace_id, id);

CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
