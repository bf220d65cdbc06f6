-- What mails name each other by: the ids of those that are there, and of those that they answer. So a mail finds its thread
-- whichever of its mails came first.
CREATE TABLE conversation_threads (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    connection_id TEXT NOT NULL,
    mail TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, connection_id, mail)
) STRICT;

CREATE INDEX conversation_threads_of ON conversation_threads (workspace_id, conversation_id);

INSERT INTO conversation_threads (id, workspace_id, connection_id, mail, conversation_id, created_at, updated_at)
SELECT 'thread_' || lower(hex(randomblob(13))), n.workspace_id, n.connection_id, n.mail, n.id, n.created_at, n.created_at
FROM (
    SELECT 1 AS turn, c.workspace_id, c.connection_id, c.id, c.created_at, m.external_id AS mail FROM conversations AS c
    CROSS JOIN conversation_messages AS m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
    WHERE c.channel = 'email'
    UNION ALL
    SELECT 2, c.workspace_id, c.connection_id, c.id, c.created_at, c.external_id FROM conversations AS c
    WHERE c.channel = 'email'
    UNION ALL
    SELECT 3, c.workspace_id, c.connection_id, c.id, c.created_at, m.reply_to FROM conversations AS c
    CROSS JOIN conversation_messages AS m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
    WHERE c.channel = 'email'
) AS n
WHERE n.mail LIKE '%_@_%' ORDER BY n.turn ON CONFLICT DO NOTHING;

-- Conversations that turned out to be parts of one thread: who asks for one of them gets the one that they are now.
CREATE TABLE conversation_joins (
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    conversation_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id)
) STRICT;

CREATE INDEX conversation_joins_of ON conversation_joins (workspace_id, conversation_id);
