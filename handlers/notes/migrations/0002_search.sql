-- Full-text search over the versions of notes (SQLite's FTS5; another engine has its own file).
-- A version never changes: only its insertion and removal matter.

CREATE VIRTUAL TABLE note_search USING fts5 (
    title, body_md, content = 'note_versions', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER note_versions_search_insert AFTER INSERT ON note_versions BEGIN
    INSERT INTO note_search (rowid, title, body_md) VALUES (new.seq, new.title, new.body_md);
END;

CREATE TRIGGER note_versions_search_delete AFTER DELETE ON note_versions BEGIN
    INSERT INTO note_search (note_search, rowid, title, body_md)
    VALUES ('delete', old.seq, old.title, old.body_md);
END;
