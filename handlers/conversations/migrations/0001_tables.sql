-- Conversations and their messages. `seq` is what the search tables point at (it survives VACUUM);
-- ids are unique within a workspace only, because callers may bring their own.

CREATE TABLE conversations (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    connection_id TEXT NOT NULL DEFAULT '',
    channel TEXT NOT NULL,
    external_id TEXT,
    subject TEXT NOT NULL DEFAULT '',
    account_id TEXT,
    started_at INTEGER NOT NULL,
    last_message_at INTEGER NOT NULL,
    message_count INTEGER NOT NULL DEFAULT 0 CHECK (message_count >= 0),
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    revision INTEGER NOT NULL DEFAULT 0,
    analyzed_revision INTEGER NOT NULL DEFAULT 0 CHECK (analyzed_revision <= revision),
    analyzed_at INTEGER,
    analyzed_message_id TEXT,
    queued_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id)
) STRICT;

CREATE UNIQUE INDEX conversations_external ON conversations (workspace_id, connection_id, external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX conversations_recent ON conversations (workspace_id, last_message_at, id);
CREATE INDEX conversations_account ON conversations (workspace_id, account_id, last_message_at, id)
    WHERE account_id IS NOT NULL;
CREATE INDEX conversations_unanalyzed ON conversations (workspace_id, last_message_at)
    WHERE revision > analyzed_revision;
CREATE INDEX conversations_open ON conversations (workspace_id, last_message_at) WHERE status = 'open';

-- `identity` is what makes a message the same one when it is sent in again: its external id, else a hash.
CREATE TABLE conversation_messages (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    conversation_id TEXT NOT NULL,
    identity TEXT NOT NULL,
    external_id TEXT,
    sender_name TEXT NOT NULL DEFAULT '',
    sender_email TEXT NOT NULL DEFAULT '',
    sender_id TEXT NOT NULL DEFAULT '',
    sent_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    html_ref TEXT,
    reply_to TEXT,
    facts TEXT NOT NULL DEFAULT '{}',
    attachments TEXT NOT NULL DEFAULT '[]',
    content_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, conversation_id, identity)
) STRICT;

CREATE UNIQUE INDEX conversation_messages_id ON conversation_messages (workspace_id, id);
CREATE INDEX conversation_messages_order ON conversation_messages (workspace_id, conversation_id, sent_at, seq);

-- Everyone who took part; `address` is the e-mail in lower case, else the sender's id, else the name.
CREATE TABLE conversation_participants (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL,
    conversation_id TEXT NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    domain TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, conversation_id, address)
) STRICT;

CREATE INDEX conversation_participants_domain ON conversation_participants (workspace_id, domain)
    WHERE domain IS NOT NULL;
