-- The bus's own tables. Times are integer microseconds UTC; `runner` and `topic` are numbers from `names`.

CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('topic', 'runner')),
    name TEXT NOT NULL,
    UNIQUE (kind, name)
) STRICT;

CREATE TABLE installation (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL,
    config TEXT NOT NULL DEFAULT '{}',
    config_revision INTEGER NOT NULL DEFAULT 1
) STRICT;

-- One row a message, for as long as it is kept. `seq` is the commit order and never reused.
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    created INTEGER NOT NULL,
    due INTEGER NOT NULL,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
    key TEXT,
    body BLOB NOT NULL,
    owed INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    cause INTEGER,
    batch TEXT,
    head TEXT,
    checksum INTEGER NOT NULL
) STRICT;

-- Who caused what: only messages that a handler published have a cause.
CREATE INDEX messages_by_cause ON messages (cause) WHERE cause IS NOT NULL;

-- What a runner still has to do and may do now or later. No state column: ready and delayed are only `due <= now`.
CREATE TABLE deliveries (
    runner INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    due INTEGER NOT NULL,
    message INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (runner, workspace, priority, due, message)
) STRICT, WITHOUT ROWID;

-- Where a delivery stands that is no longer where its publish put it, and what is known against it.
CREATE TABLE positions (
    message INTEGER NOT NULL,
    runner INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    due INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    suspicion INTEGER NOT NULL DEFAULT 0 CHECK (suspicion BETWEEN 0 AND 2),
    mark INTEGER NOT NULL DEFAULT 0 CHECK (mark BETWEEN 0 AND 2),
    deaths INTEGER NOT NULL DEFAULT 0,
    cursor TEXT,
    PRIMARY KEY (message, runner)
) STRICT, WITHOUT ROWID;

-- Attempts that did not complete.
CREATE TABLE attempts (
    message INTEGER NOT NULL,
    runner INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('failed', 'retried', 'crashed', 'timeout')),
    error TEXT NOT NULL,
    PRIMARY KEY (message, runner, attempt)
) STRICT, WITHOUT ROWID;

-- Due or not, these may not run now; `reason` says why. Followers of a key stand in `place` order.
CREATE TABLE parked (
    message INTEGER NOT NULL,
    runner INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    key TEXT,
    priority INTEGER NOT NULL,
    due INTEGER NOT NULL,
    place INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (message, runner)
) STRICT, WITHOUT ROWID;

CREATE INDEX parked_behind_key ON parked (runner, workspace, topic, key, place, message) WHERE reason = 'key';
CREATE INDEX parked_priority_of_key ON parked (runner, workspace, topic, key, priority) WHERE reason = 'key';
CREATE INDEX parked_by_reason ON parked (reason, workspace, runner, priority, due, message) WHERE reason <> 'key';

-- The one delivery of each busy key that may run; `held` once it was offered to a handler.
CREATE TABLE heads (
    runner INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    key TEXT NOT NULL,
    message INTEGER NOT NULL,
    place INTEGER NOT NULL,
    due INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (runner, workspace, topic, key)
) STRICT, WITHOUT ROWID;

-- Which process may write for a runner: the fence of every transaction.
CREATE TABLE owners (
    runner INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    fence INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT;

-- What may be in flight: packed message numbers, committed before any of it starts.
CREATE TABLE windows (
    runner INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

-- Everything that messages report; `seq` is the number an event stream carries, `created` is the message's time (its id
-- is made of both, so that a stream is read without a join).
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL,
    created INTEGER NOT NULL,
    runner INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    data BLOB
) STRICT;

CREATE INDEX events_of_message ON events (message);

CREATE TABLE dead (
    message INTEGER NOT NULL,
    runner INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    reason TEXT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (message, runner)
) STRICT, WITHOUT ROWID;

CREATE INDEX dead_by_time ON dead (workspace, at);

CREATE TABLE idempotency (
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    key TEXT NOT NULL,
    message INTEGER NOT NULL,
    created INTEGER NOT NULL,
    body_hash INTEGER NOT NULL,
    PRIMARY KEY (workspace, topic, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_time ON idempotency (created);

-- Waiting messages that a later publish on the same topic and key is absorbed by.
CREATE TABLE coalescing (
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    key TEXT NOT NULL,
    message INTEGER NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (workspace, topic, key)
) STRICT, WITHOUT ROWID;

-- Unfinished deliveries a workspace and topic, kept with each commit, so that budgets never count rows.
CREATE TABLE backlog (
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    unfinished INTEGER NOT NULL,
    PRIMARY KEY (workspace, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    workspace INTEGER NOT NULL,
    created INTEGER NOT NULL,
    total INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One row a schedule, workspace and slot: a clock step can neither lose nor double one.
CREATE TABLE slots (
    schedule TEXT NOT NULL,
    workspace INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (schedule, workspace, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE anchors (
    schedule TEXT NOT NULL,
    workspace INTEGER NOT NULL,
    started INTEGER NOT NULL,
    PRIMARY KEY (schedule, workspace)
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (
    kind TEXT NOT NULL CHECK (kind IN ('topic', 'runner')),
    name TEXT NOT NULL,
    since INTEGER NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
