-- Notes and their versions. Ids are unique within a workspace only.

CREATE TABLE notes (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    external_id TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('manual', 'chat_summary', 'meeting_summary', 'service_result')),
    title TEXT NOT NULL,
    conversation_id TEXT,
    meeting_id TEXT,
    current_version INTEGER NOT NULL CHECK (current_version >= 1),
    analyzed_version INTEGER NOT NULL DEFAULT 0 CHECK (analyzed_version <= current_version),
    analyzed_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id)
) STRICT;

CREATE UNIQUE INDEX notes_external ON notes (workspace_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX notes_recent ON notes (workspace_id, updated_at, id);
CREATE INDEX notes_conversation ON notes (workspace_id, conversation_id) WHERE conversation_id IS NOT NULL;

CREATE TABLE note_versions (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    note_id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    title TEXT NOT NULL,
    body_md TEXT NOT NULL,
    author TEXT,
    provenance TEXT NOT NULL CHECK (provenance IN ('rule', 'model', 'llm', 'hybrid', 'user')),
    content_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, note_id, version)
) STRICT;
