-- Channels with what they want, and what was or is to be delivered to them.

CREATE TABLE slack_channels (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    channel_id TEXT NOT NULL,
    name TEXT,
    notes TEXT NOT NULL CHECK (json_valid(notes)),
    reports TEXT NOT NULL CHECK (json_valid(reports)),
    next_at INTEGER NOT NULL DEFAULT 0,
    hold_until INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, channel_id)
) STRICT;

-- flight: what was asked of Slack without an answer so far: none, post or update.
CREATE TABLE slack_deliveries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('note', 'report_run')),
    source_note_id TEXT NOT NULL,
    note_version INTEGER NOT NULL CHECK (note_version >= 1),
    channel_id TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    status TEXT NOT NULL CHECK (status IN ('pending', 'sent', 'failed', 'skipped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    flight TEXT NOT NULL DEFAULT 'none' CHECK (flight IN ('none', 'post', 'update')),
    attempted_at INTEGER NOT NULL DEFAULT 0,
    slot INTEGER,
    slack_ts TEXT,
    error TEXT,
    sent_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, source, source_note_id, channel_id, note_version),
    CHECK ((status = 'sent') = (sent_at IS NOT NULL))
) STRICT;

CREATE INDEX slack_deliveries_waiting ON slack_deliveries (workspace_id, channel_id) WHERE status = 'pending';
