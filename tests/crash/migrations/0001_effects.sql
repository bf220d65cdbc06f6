-- What handlers leave behind. No unique index: a double must be seen, not refused.
CREATE TABLE effects (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    runner TEXT NOT NULL,
    part INTEGER NOT NULL
) STRICT;
