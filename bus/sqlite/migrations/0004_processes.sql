-- Several processes on one file: who they are, what they tell and ask each other.

CREATE TABLE processes (
    epoch TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('serve', 'api', 'worker')),
    started INTEGER NOT NULL,
    fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The first delivery of each lane that came to wait for a runner of another process; gone with that lane's next take.
CREATE TABLE arrivals (
    runner INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    due INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (runner, workspace, priority)
) STRICT, WITHOUT ROWID;

-- What the process of `epoch` wants the owner of `runner` to do; the owner sets `answer`, who asked removes the row.
CREATE TABLE asks (
    id INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    runner INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('run', 'cancel')),
    body TEXT NOT NULL,
    answer TEXT
) STRICT;

-- How often that changed which processes keep in memory: they read it again when its number is another.
CREATE TABLE changes (
    name TEXT PRIMARY KEY,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO changes (name, n)
VALUES ('pauses', 0), ('workspaces', 0), ('people', 0), ('names', 0), ('processes', 0), ('asks', 0);

CREATE TRIGGER pauses_added AFTER INSERT ON pauses
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'pauses'; END;

CREATE TRIGGER pauses_removed AFTER DELETE ON pauses
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'pauses'; END;

CREATE TRIGGER workspaces_added AFTER INSERT ON workspaces
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'workspaces'; END;

CREATE TRIGGER workspaces_changed AFTER UPDATE ON workspaces
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'workspaces'; END;

CREATE TRIGGER tokens_revoked AFTER UPDATE OF revoked_at ON tokens
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'people'; END;

CREATE TRIGGER sessions_ended AFTER UPDATE OF ended_at ON sessions
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'people'; END;

CREATE TRIGGER names_added AFTER INSERT ON names
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'names'; END;

CREATE TRIGGER processes_added AFTER INSERT ON processes
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'processes'; END;

CREATE TRIGGER processes_removed AFTER DELETE ON processes
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'processes'; END;

CREATE TRIGGER owners_added AFTER INSERT ON owners
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'processes'; END;

CREATE TRIGGER owners_removed AFTER DELETE ON owners
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'processes'; END;

CREATE TRIGGER asks_added AFTER INSERT ON asks
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'asks'; END;

CREATE TRIGGER asks_answered AFTER UPDATE OF answer ON asks
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'asks'; END;

CREATE TRIGGER owners_changed AFTER UPDATE OF epoch ON owners
BEGIN UPDATE changes SET n = n + 1 WHERE name = 'processes'; END;

-- The last fencing number of each runner: it rises with every change of hands, also after a clean one.
CREATE TABLE fences (
    runner INTEGER PRIMARY KEY,
    fence INTEGER NOT NULL
) STRICT;

INSERT INTO fences (runner, fence) SELECT runner, fence FROM owners;
