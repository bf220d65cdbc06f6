-- In which channel of a chat service a conversation took place; and the windows that summaries of channels are made of.

ALTER TABLE conversations ADD COLUMN channel_id TEXT;
CREATE INDEX conversations_place ON conversations (workspace_id, channel_id, last_message_at)
    WHERE channel_id IS NOT NULL;

-- A day of a channel (`conversation_id` empty), or a thread (`window_start` 0: it moves with the thread's first message).
-- What was said in it since its summary was queued last stands in the difference of the two revisions.
CREATE TABLE chat_windows (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL,
    channel_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL DEFAULT '',
    window_start INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    queued_revision INTEGER NOT NULL DEFAULT 0 CHECK (queued_revision <= revision),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, channel_id, conversation_id, window_start)
) STRICT;

CREATE INDEX chat_windows_due ON chat_windows (workspace_id, due_at) WHERE revision > queued_revision;
