-- Full-text search over meetings' titles and who took part (SQLite's FTS5; another engine has its own file); what was
-- said and noted there is in the search of conversations and notes. Triggers keep the index true whoever changes the
-- rows; what is there already is read in at the end.

-- FTS5 reads its content without table-valued functions, so that the names of JSON's fields are taken out as text; inside
-- of a value their quotes are escaped.
CREATE VIEW meeting_words AS
SELECT seq, title, replace(replace(replace(attendees, '"name":', ' '), '"email":', ' '), '"id":', ' ') AS people
FROM meetings;

CREATE VIRTUAL TABLE meeting_search USING fts5 (
    title, people, content = 'meeting_words', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER meetings_search_insert AFTER INSERT ON meetings BEGIN
    INSERT INTO meeting_search (rowid, title, people)
    SELECT seq, title, people FROM meeting_words WHERE seq = new.seq;
END;

-- Before: what the index shall forget is read where it still stands.
CREATE TRIGGER meetings_search_delete BEFORE DELETE ON meetings BEGIN
    INSERT INTO meeting_search (meeting_search, rowid, title, people)
    SELECT 'delete', seq, title, people FROM meeting_words WHERE seq = old.seq;
END;

CREATE TRIGGER meetings_search_forget BEFORE UPDATE OF title, attendees ON meetings
WHEN old.title <> new.title OR old.attendees <> new.attendees BEGIN
    INSERT INTO meeting_search (meeting_search, rowid, title, people)
    SELECT 'delete', seq, title, people FROM meeting_words WHERE seq = old.seq;
END;

CREATE TRIGGER meetings_search_update AFTER UPDATE OF title, attendees ON meetings
WHEN old.title <> new.title OR old.attendees <> new.attendees BEGIN
    INSERT INTO meeting_search (rowid, title, people)
    SELECT seq, title, people FROM meeting_words WHERE seq = new.seq;
END;

INSERT INTO meeting_search (meeting_search) VALUES ('rebuild');
