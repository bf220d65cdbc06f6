-- A migration of a later version.
CREATE TABLE more (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE INDEX more_text ON more (text);
