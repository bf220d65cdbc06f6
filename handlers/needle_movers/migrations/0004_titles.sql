-- Who wrote a title, and a hash of what it was made from: one that a person wrote is never made anew. Of the titles that are
-- there already nobody knows whether a person has changed them, so they count as theirs.
ALTER TABLE needle_movers ADD COLUMN title_provenance TEXT NOT NULL DEFAULT 'user'
    CHECK (title_provenance IN ('rule', 'model', 'llm', 'hybrid', 'user'));
ALTER TABLE needle_movers ADD COLUMN title_hash TEXT NOT NULL DEFAULT '';
