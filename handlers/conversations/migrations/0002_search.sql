-- Full-text search over subjects and message texts (SQLite's FTS5; another engine has its own file).
-- Triggers keep the index true whoever changes the rows.

CREATE VIRTUAL TABLE conversation_subject_search USING fts5 (
    subject, content = 'conversations', content_rowid = 'seq', tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER conversations_search_insert AFTER INSERT ON conversations BEGIN
    INSERT INTO conversation_subject_search (rowid, subject) VALUES (new.seq, new.subject);
END;

CREATE TRIGGER conversations_search_delete AFTER DELETE ON conversations BEGIN
    INSERT INTO conversation_subject_search (conversation_subject_search, rowid, subject)
    VALUES ('delete', old.seq, old.subject);
END;

CREATE TRIGGER conversations_search_update AFTER UPDATE OF subject ON conversations
WHEN old.subject <> new.subject BEGIN
    INSERT INTO conversation_subject_search (conversation_subject_search, rowid, subject)
    VALUES ('delete', old.seq, old.subject);
    INSERT INTO conversation_subject_search (rowid, subject) VALUES (new.seq, new.subject);
END;

CREATE VIRTUAL TABLE conversation_text_search USING fts5 (
    text, content = 'conversation_messages', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER conversation_messages_search_insert AFTER INSERT ON conversation_messages BEGIN
    INSERT INTO conversation_text_search (rowid, text) VALUES (new.seq, new.text);
END;

CREATE TRIGGER conversation_messages_search_delete AFTER DELETE ON conversation_messages BEGIN
    INSERT INTO conversation_text_search (conversation_text_search, rowid, text)
    VALUES ('delete', old.seq, old.text);
END;

CREATE TRIGGER conversation_messages_search_update AFTER UPDATE OF text ON conversation_messages
WHEN old.text <> new.text BEGIN
    INSERT INTO conversation_text_search (conversation_text_search, rowid, text)
    VALUES ('delete', old.seq, old.text);
    INSERT INTO conversation_text_search (rowid, text) VALUES (new.seq, new.text);
END;
