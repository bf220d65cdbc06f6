-- Meetings. Ids are unique within a workspace only.

CREATE TABLE meetings (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    external_id TEXT,
    title TEXT NOT NULL,
    starts_at INTEGER,
    ends_at INTEGER,
    tz TEXT NOT NULL,
    status TEXT NOT NULL,
    attendees TEXT NOT NULL,
    conversation_id TEXT,
    facts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id)
) STRICT;

CREATE UNIQUE INDEX meetings_external ON meetings (workspace_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX meetings_newest ON meetings (workspace_id, seq);
