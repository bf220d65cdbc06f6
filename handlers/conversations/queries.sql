-- Queries of conversations. Other groups' tables are only read, and only to filter.

-- name: find_conversation
-- The conversation that an input means: by its own id, else by the external one.
SELECT * FROM conversations WHERE workspace_id = :workspace AND id = :id;

-- name: find_joined
-- The conversation that another one became a part of.
SELECT c.* FROM conversation_joins AS j
JOIN conversations AS c ON c.workspace_id = j.workspace_id AND c.id = j.conversation_id
WHERE j.workspace_id = :workspace AND j.id = :id;

-- name: find_by_external_id
-- The conversation with an external id of one connection.
SELECT * FROM conversations
WHERE workspace_id = :workspace AND connection_id = :connection AND external_id = :external_id;

-- name: find_joined_by_external_id
-- The conversation that the one with an external id became a part of.
SELECT c.* FROM conversation_joins AS j
JOIN conversations AS c ON c.workspace_id = j.workspace_id AND c.id = j.conversation_id
WHERE j.workspace_id = :workspace AND j.connection_id = :connection AND j.external_id = :external_id;

-- name: known_messages
-- Which of these messages are stored in one of these conversations, and what they say.
SELECT identity, content_hash, sent_at FROM conversation_messages
WHERE workspace_id = :workspace AND conversation_id IN (SELECT value FROM json_each(:conversations))
  AND identity IN (SELECT value FROM json_each(:identities));

-- name: insert_conversation
-- A new conversation; the guard sees where another message has made it meanwhile.
INSERT INTO conversations (
    id, workspace_id, connection_id, channel, channel_id, external_id, subject, account_id, account_stated, started_at,
    last_message_at, status, message_count, revision, queued_at, created_at, updated_at
) VALUES (
    :id, :workspace, :connection_id, :channel, :channel_id, :external_id, :subject, :account_id, :account_stated, :started_at,
    :last_message_at, :status, :message_count, :revision, :queued_at, :now, :now
) ON CONFLICT DO NOTHING;

-- name: update_conversation
-- What an input changed; the guard sees where another message has changed it meanwhile.
UPDATE conversations SET
    connection_id = :connection_id, channel = :channel, channel_id = :channel_id, external_id = :external_id,
    subject = :subject, account_id = :account_id, account_stated = :account_stated, started_at = :started_at,
    last_message_at = :last_message_at, status = :status,
    message_count = :message_count, revision = :revision, queued_at = :queued_at, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND revision = :seen_revision AND updated_at = :seen_updated;

-- name: put_message
-- A new message, or the new content of a known one.
INSERT INTO conversation_messages (
    id, workspace_id, conversation_id, identity, external_id, sender_name, sender_email, sender_id, sent_at, text,
    html_ref, reply_to, facts, attachments, content_hash, created_at, updated_at
) VALUES (
    :id, :workspace, :conversation, :identity, :external_id, :sender_name, :sender_email, :sender_id, :sent_at, :text,
    :html_ref, :reply_to, :facts, :attachments, :content_hash, :now, :now
) ON CONFLICT (workspace_id, conversation_id, identity) DO UPDATE SET
    sender_name = excluded.sender_name, sender_email = excluded.sender_email, sender_id = excluded.sender_id,
    sent_at = excluded.sent_at, text = excluded.text, html_ref = excluded.html_ref, reply_to = excluded.reply_to,
    facts = excluded.facts, attachments = excluded.attachments, content_hash = excluded.content_hash,
    updated_at = excluded.updated_at;

-- name: put_participant
-- Someone who took part; a name learned later is kept.
INSERT INTO conversation_participants (
    id, workspace_id, conversation_id, address, name, email, domain, created_at, updated_at
) VALUES (:id, :workspace, :conversation, :address, :name, :email, :domain, :now, :now)
ON CONFLICT (workspace_id, conversation_id, address) DO UPDATE SET name = excluded.name, updated_at = excluded.updated_at
WHERE excluded.name <> '' AND conversation_participants.name = '';

-- name: participants
-- Everyone who took part, in order of appearance.
SELECT address, name, email FROM conversation_participants
WHERE workspace_id = :workspace AND conversation_id = :conversation ORDER BY seq;

-- name: threads_of
-- The conversations that these mails belong to.
SELECT t.mail, c.* FROM json_each(:mails) AS named
CROSS JOIN conversation_threads AS t
    ON t.workspace_id = :workspace AND t.connection_id = :connection AND t.mail = named.value
JOIN conversations AS c ON c.workspace_id = t.workspace_id AND c.id = t.conversation_id;

-- name: put_threads
-- These mails belong to a conversation.
INSERT INTO conversation_threads (id, workspace_id, connection_id, mail, conversation_id, created_at, updated_at)
SELECT 'thread_' || lower(hex(randomblob(13))), :workspace, :connection, value, :conversation, :now, :now
FROM json_each(:mails) WHERE true ON CONFLICT DO NOTHING;

-- name: count_doubled
-- How many messages of one conversation another one has too.
SELECT count(*) FROM conversation_messages AS m
CROSS JOIN conversation_messages AS o
    ON o.workspace_id = m.workspace_id AND o.conversation_id = :into AND o.identity = m.identity
WHERE m.workspace_id = :workspace AND m.conversation_id = :id;

-- name: move_messages
-- The messages of a conversation become those of another, but for those that it has.
UPDATE conversation_messages SET conversation_id = :into, updated_at = :now
WHERE workspace_id = :workspace AND conversation_id = :id AND NOT EXISTS (
    SELECT 1 FROM conversation_messages AS o
    WHERE o.workspace_id = :workspace AND o.conversation_id = :into AND o.identity = conversation_messages.identity
);

-- name: drop_doubled_messages
-- What is left of a conversation's messages.
DELETE FROM conversation_messages WHERE workspace_id = :workspace AND conversation_id = :id;

-- name: move_participants
-- Those who took part in a conversation took part in another, but for those who did.
UPDATE conversation_participants SET conversation_id = :into, updated_at = :now
WHERE workspace_id = :workspace AND conversation_id = :id AND NOT EXISTS (
    SELECT 1 FROM conversation_participants AS o
    WHERE o.workspace_id = :workspace AND o.conversation_id = :into AND o.address = conversation_participants.address
);

-- name: drop_doubled_participants
-- What is left of those who took part in a conversation.
DELETE FROM conversation_participants WHERE workspace_id = :workspace AND conversation_id = :id;

-- name: move_threads
-- The mails of a conversation belong to another.
UPDATE conversation_threads SET conversation_id = :into, updated_at = :now
WHERE workspace_id = :workspace AND conversation_id = :id;

-- name: move_joins
-- What became a part of a conversation is a part of another.
UPDATE conversation_joins SET conversation_id = :into, updated_at = :now
WHERE workspace_id = :workspace AND conversation_id = :id;

-- name: put_join
-- A conversation is a part of another, and its external id means that one.
INSERT INTO conversation_joins (id, workspace_id, conversation_id, connection_id, external_id, created_at, updated_at)
SELECT id, workspace_id, :into, connection_id, external_id, :now, :now FROM conversations
WHERE workspace_id = :workspace AND id = :id;

-- name: drop_conversation
-- One that is a part of another; the guard sees where something was said in it meanwhile.
DELETE FROM conversations
WHERE workspace_id = :workspace AND id = :id AND revision = :seen_revision AND updated_at = :seen_updated;

-- name: messages_page
-- A page of a conversation's messages, oldest first, after a place.
SELECT * FROM conversation_messages
WHERE workspace_id = :workspace AND conversation_id = :conversation AND (sent_at, seq) > (:sent_at, :seq)
ORDER BY sent_at, seq LIMIT :limit;

-- name: list_conversations
-- A page of conversations, most recently active first, before a place; filters are put in by name.
SELECT c.*, (
    SELECT group_concat(DISTINCT l.label_key) FROM content_labels AS l
    WHERE l.workspace_id = :workspace AND l.content_type = 'conversation' AND l.content_id = c.id
      AND l.state IN ('machine', 'confirmed') AND l.state <> 'superseded'
) AS labels
FROM conversations AS c
WHERE c.workspace_id = :workspace AND (c.last_message_at, c.id) < (:last_message_at, :id) /* filters */
ORDER BY c.last_message_at DESC, c.id DESC LIMIT :limit;

-- name: filter_channel
-- Only one channel.
c.workspace_id = :workspace AND c.channel = :channel

-- name: filter_status
-- Only open or closed ones.
c.workspace_id = :workspace AND c.status = :status

-- name: filter_account
-- Only those of one account.
c.workspace_id = :workspace AND c.account_id = :account

-- name: filter_label
-- Only those that carry a label.
EXISTS (
    SELECT 1 FROM content_labels AS l
    WHERE l.workspace_id = :workspace AND l.content_type = 'conversation' AND l.content_id = c.id
      AND l.label_key = :label AND l.state IN ('machine', 'confirmed') AND l.state <> 'superseded'
)

-- name: filter_search
-- Only those whose subject or a message of which matches. CROSS JOIN keeps the search first: else it runs per row.
c.workspace_id = :workspace AND c.id IN (
    SELECT s.id FROM conversation_subject_search
    CROSS JOIN conversations AS s ON s.seq = conversation_subject_search.rowid
    WHERE conversation_subject_search MATCH :match AND s.workspace_id = :workspace
    UNION
    SELECT m.conversation_id FROM conversation_text_search
    CROSS JOIN conversation_messages AS m ON m.seq = conversation_text_search.rowid
    WHERE conversation_text_search MATCH :match AND m.workspace_id = :workspace
)

-- name: unanalyzed
-- Changed since their analysis, not queued lately, and quiet for a while or waiting for long.
SELECT id FROM conversations
WHERE workspace_id = :workspace AND revision > analyzed_revision
  AND (queued_at IS NULL OR queued_at <= :overdue)
  AND (last_message_at <= :settled OR updated_at <= :overdue)
ORDER BY last_message_at LIMIT :limit;

-- name: mark_queued
-- Their analysis is queued.
UPDATE conversations SET queued_at = :now
WHERE workspace_id = :workspace AND id IN (SELECT value FROM json_each(:ids));

-- name: idle
-- Open ones in which nothing was said for long.
SELECT id FROM conversations
WHERE workspace_id = :workspace AND status = 'open' AND last_message_at <= :idle ORDER BY last_message_at LIMIT :limit;

-- name: close_idle
-- Close these, unless something was said meanwhile.
UPDATE conversations SET status = 'closed', updated_at = :now
WHERE workspace_id = :workspace AND +status = 'open' AND +last_message_at <= :idle AND id IN (SELECT value FROM json_each(:ids));

-- name: of_domain
-- A page of those who took part with an address in a domain, and whether their conversation states no account.
SELECT p.seq, p.conversation_id AS id, c.account_id, c.id IS NOT NULL AS free FROM conversation_participants AS p
LEFT JOIN conversations AS c ON c.workspace_id = p.workspace_id AND c.id = p.conversation_id AND NOT c.account_stated
WHERE p.workspace_id = :workspace AND p.domain = :value AND p.seq > :seq ORDER BY p.seq LIMIT :limit;

-- name: of_email
-- The same by one address.
SELECT p.seq, p.conversation_id AS id, c.account_id, c.id IS NOT NULL AS free FROM conversation_participants AS p
LEFT JOIN conversations AS c ON c.workspace_id = p.workspace_id AND c.id = p.conversation_id AND NOT c.account_stated
WHERE p.workspace_id = :workspace AND p.email = :value AND p.email <> '' AND p.seq > :seq ORDER BY p.seq LIMIT :limit;

-- name: emails_of
-- The addresses of those who took part in these conversations, in order of appearance.
SELECT conversation_id, email FROM conversation_participants
WHERE workspace_id = :workspace AND conversation_id IN (SELECT value FROM json_each(:ids)) AND email <> ''
ORDER BY seq;

-- name: link
-- A conversation has another account now; the guard sees where it got one meanwhile.
UPDATE conversations SET account_id = :account, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND account_id IS :before;

-- name: named
-- A page of the conversations that name an account by its external id: none of them twice, they are given its id.
SELECT id FROM conversations WHERE workspace_id = :workspace AND account_id = :named LIMIT :limit;

-- name: mark_window
-- Something was said in a window: its summary is due when the window is over and quiet.
INSERT INTO chat_windows (id, workspace_id, channel_id, conversation_id, window_start, due_at, created_at, updated_at)
VALUES (:id, :workspace, :channel_id, :conversation, :window_start, :due, :now, :now)
ON CONFLICT (workspace_id, channel_id, conversation_id, window_start) DO UPDATE SET
    revision = chat_windows.revision + 1, due_at = excluded.due_at, updated_at = excluded.updated_at;

-- name: due_windows
-- Windows that are over and whose summary was not queued since the last word in them.
SELECT w.seq, w.channel_id, w.conversation_id, w.revision, coalesce(c.started_at, w.window_start) AS window_start
FROM chat_windows AS w
LEFT JOIN conversations AS c ON c.workspace_id = w.workspace_id AND c.id = w.conversation_id
WHERE w.workspace_id = :workspace AND w.revision > w.queued_revision AND w.due_at <= :now
ORDER BY w.due_at LIMIT :limit;

-- name: window_queued
-- The summary of a window is queued; what is said from now on makes it due again.
UPDATE chat_windows SET queued_revision = :revision, updated_at = :now WHERE workspace_id = :workspace AND seq = :seq;

-- name: chat_day
-- What was said in a channel within a day, in every conversation there.
SELECT m.*, c.subject FROM conversations AS c
CROSS JOIN conversation_messages AS m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
WHERE c.workspace_id = :workspace AND c.channel_id = :channel_id AND c.channel = 'slack'
  AND c.last_message_at >= :start AND c.started_at < :end AND m.sent_at >= :start AND m.sent_at < :end
ORDER BY m.sent_at, m.seq LIMIT :limit;

-- name: chat_thread
-- What was said in one conversation of a channel.
SELECT m.*, c.subject FROM conversations AS c
CROSS JOIN conversation_messages AS m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
WHERE c.workspace_id = :workspace AND c.id = :id AND c.channel_id = :channel_id AND c.channel = 'slack'
ORDER BY m.sent_at, m.seq LIMIT :limit;
