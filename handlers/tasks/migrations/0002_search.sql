-- Full-text search over tasks and the sentences behind them (SQLite's FTS5; another engine has its own file).
-- Triggers keep the index true whoever changes the rows; what is there already is read in at the end.

CREATE VIRTUAL TABLE task_search USING fts5 (
    title, body, assignee, content = 'tasks', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO task_search (rowid, title, body, assignee) VALUES (new.seq, new.title, new.body, new.assignee);
END;

CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks BEGIN
    INSERT INTO task_search (task_search, rowid, title, body, assignee)
    VALUES ('delete', old.seq, old.title, old.body, old.assignee);
END;

CREATE TRIGGER tasks_search_update AFTER UPDATE OF title, body, assignee ON tasks
WHEN old.title IS NOT new.title OR old.body IS NOT new.body OR old.assignee IS NOT new.assignee BEGIN
    INSERT INTO task_search (task_search, rowid, title, body, assignee)
    VALUES ('delete', old.seq, old.title, old.body, old.assignee);
    INSERT INTO task_search (rowid, title, body, assignee) VALUES (new.seq, new.title, new.body, new.assignee);
END;

INSERT INTO task_search (task_search) VALUES ('rebuild');

-- A sentence never changes: only its insertion and removal matter.
CREATE VIRTUAL TABLE task_evidence_search USING fts5 (
    quote, content = 'task_evidence', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER task_evidence_search_insert AFTER INSERT ON task_evidence BEGIN
    INSERT INTO task_evidence_search (rowid, quote) VALUES (new.seq, new.quote);
END;

CREATE TRIGGER task_evidence_search_delete AFTER DELETE ON task_evidence BEGIN
    INSERT INTO task_evidence_search (task_evidence_search, rowid, quote)
    VALUES ('delete', old.seq, old.quote);
END;

INSERT INTO task_evidence_search (task_evidence_search) VALUES ('rebuild');
