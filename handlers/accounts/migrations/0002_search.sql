-- Full-text search over accounts with their domains and contacts with their addresses (SQLite's FTS5; another engine has its own file).
-- Triggers keep the index true whoever changes the rows; what is there already is read in at the end.

CREATE VIRTUAL TABLE account_search USING fts5 (
    name, domains, content = 'accounts', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER accounts_search_insert AFTER INSERT ON accounts BEGIN
    INSERT INTO account_search (rowid, name, domains) VALUES (new.seq, new.name, new.domains);
END;

CREATE TRIGGER accounts_search_delete AFTER DELETE ON accounts BEGIN
    INSERT INTO account_search (account_search, rowid, name, domains)
    VALUES ('delete', old.seq, old.name, old.domains);
END;

CREATE TRIGGER accounts_search_update AFTER UPDATE OF name, domains ON accounts
WHEN old.name IS NOT new.name OR old.domains IS NOT new.domains BEGIN
    INSERT INTO account_search (account_search, rowid, name, domains)
    VALUES ('delete', old.seq, old.name, old.domains);
    INSERT INTO account_search (rowid, name, domains) VALUES (new.seq, new.name, new.domains);
END;

INSERT INTO account_search (account_search) VALUES ('rebuild');

CREATE VIRTUAL TABLE contact_search USING fts5 (
    name, emails, content = 'contacts', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TRIGGER contacts_search_insert AFTER INSERT ON contacts BEGIN
    INSERT INTO contact_search (rowid, name, emails) VALUES (new.seq, new.name, new.emails);
END;

CREATE TRIGGER contacts_search_delete AFTER DELETE ON contacts BEGIN
    INSERT INTO contact_search (contact_search, rowid, name, emails)
    VALUES ('delete', old.seq, old.name, old.emails);
END;

CREATE TRIGGER contacts_search_update AFTER UPDATE OF name, emails ON contacts
WHEN old.name IS NOT new.name OR old.emails IS NOT new.emails BEGIN
    INSERT INTO contact_search (contact_search, rowid, name, emails)
    VALUES ('delete', old.seq, old.name, old.emails);
    INSERT INTO contact_search (rowid, name, emails) VALUES (new.seq, new.name, new.emails);
END;

INSERT INTO contact_search (contact_search) VALUES ('rebuild');
