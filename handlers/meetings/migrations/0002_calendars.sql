-- Calendars: where events come from, what they say, and which meeting is which occurrence.

ALTER TABLE meetings ADD COLUMN connection_id TEXT;
ALTER TABLE meetings ADD COLUMN uid TEXT;
ALTER TABLE meetings ADD COLUMN recurrence_id TEXT;
ALTER TABLE meetings ADD COLUMN transcript_state TEXT NOT NULL DEFAULT 'none'
    CHECK (transcript_state IN ('none', 'present'));
ALTER TABLE meetings ADD COLUMN summary_note_id TEXT;

CREATE INDEX meetings_event ON meetings (workspace_id, uid) WHERE uid IS NOT NULL;
CREATE INDEX meetings_conversation ON meetings (workspace_id, conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX meetings_start ON meetings (workspace_id, starts_at) WHERE starts_at IS NOT NULL;

CREATE TABLE calendar_sources (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    url TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'failing')),
    error TEXT,
    etag TEXT,
    modified TEXT,
    synced_at INTEGER,
    next_sync_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, name)
) STRICT;

CREATE INDEX calendar_sources_due ON calendar_sources (workspace_id, next_sync_at) WHERE next_sync_at IS NOT NULL;

-- One row a uid: `text` is a calendar of its own, with the event, its exceptions and its time zones.
CREATE TABLE calendar_events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    connection_id TEXT NOT NULL,
    uid TEXT NOT NULL,
    text TEXT NOT NULL,
    raw_hash TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('present', 'removed')),
    error TEXT,
    expanded_at INTEGER,
    done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, connection_id, uid)
) STRICT;

CREATE INDEX calendar_events_ahead ON calendar_events (workspace_id, seq) WHERE done = 0;
