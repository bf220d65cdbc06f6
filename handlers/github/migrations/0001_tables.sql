-- Issues that were asked for, and what became of them.

-- asked_at: when GitHub was last asked to open it without an answer so far; 0: never, or it said no.
CREATE TABLE github_issues (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    repository TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'opened', 'failed')),
    asked_at INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    number INTEGER,
    url TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK ((status = 'opened') = (number IS NOT NULL))
) STRICT;
