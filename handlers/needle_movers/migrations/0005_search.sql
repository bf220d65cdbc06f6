-- Full-text search over needle movers and what was said of them (SQLite's FTS5; another engine has its own file).
-- Triggers keep the index true whoever changes the rows; what is there already is read in at the end.

CREATE VIRTUAL TABLE needle_mover_search USING fts5 (
    title, description, summary_short, summary_user, content = 'needle_movers', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER needle_movers_search_insert AFTER INSERT ON needle_movers BEGIN
    INSERT INTO needle_mover_search (rowid, title, description, summary_short, summary_user) VALUES (new.seq, new.title, new.description, new.summary_short, new.summary_user);
END;

CREATE TRIGGER needle_movers_search_delete AFTER DELETE ON needle_movers BEGIN
    INSERT INTO needle_mover_search (needle_mover_search, rowid, title, description, summary_short, summary_user)
    VALUES ('delete', old.seq, old.title, old.description, old.summary_short, old.summary_user);
END;

CREATE TRIGGER needle_movers_search_update AFTER UPDATE OF title, description, summary_short, summary_user ON needle_movers
WHEN old.title IS NOT new.title OR old.description IS NOT new.description OR old.summary_short IS NOT new.summary_short OR old.summary_user IS NOT new.summary_user BEGIN
    INSERT INTO needle_mover_search (needle_mover_search, rowid, title, description, summary_short, summary_user)
    VALUES ('delete', old.seq, old.title, old.description, old.summary_short, old.summary_user);
    INSERT INTO needle_mover_search (rowid, title, description, summary_short, summary_user) VALUES (new.seq, new.title, new.description, new.summary_short, new.summary_user);
END;

INSERT INTO needle_mover_search (needle_mover_search) VALUES ('rebuild');

-- A quote never changes: only its insertion and removal matter.
CREATE VIRTUAL TABLE needle_mover_span_search USING fts5 (
    quote, content = 'needle_mover_spans', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER needle_mover_spans_search_insert AFTER INSERT ON needle_mover_spans BEGIN
    INSERT INTO needle_mover_span_search (rowid, quote) VALUES (new.seq, new.quote);
END;

CREATE TRIGGER needle_mover_spans_search_delete AFTER DELETE ON needle_mover_spans BEGIN
    INSERT INTO needle_mover_span_search (needle_mover_span_search, rowid, quote)
    VALUES ('delete', old.seq, old.quote);
END;

INSERT INTO needle_mover_span_search (needle_mover_span_search) VALUES ('rebuild');
