-- name: changes
-- How often each thing was changed that processes keep in memory.
SELECT name, n FROM changes;

-- name: arrivals
-- Deliveries that other processes than their runner's owner let wait; a row a lane.
SELECT runner, workspace, priority, due, message FROM arrivals;

-- name: last_event
-- The number of the last event that was ever stored.
SELECT seq FROM sqlite_sequence WHERE name = 'events';

-- name: events_after
-- A stretch of the whole event log, for the hub.
SELECT seq, message, created, runner, workspace, topic, kind, at, data FROM events
WHERE seq > :after ORDER BY seq LIMIT :limit;

-- name: attach
-- A process that serves or works.
INSERT INTO processes (epoch, pid, role, started, fingerprint) VALUES (:epoch, :pid, :role, :now, :fingerprint);

-- name: detach
-- A process has gone: it, and what it asked for.
DELETE FROM processes WHERE epoch = :epoch;

-- name: forget_asks
-- Nobody waits for these answers any more.
DELETE FROM asks WHERE epoch = :epoch;

-- name: processes
-- Every process that attached and did not say that it left; whether it lives is for its lock to say.
SELECT epoch, pid, role, started, fingerprint FROM processes ORDER BY started, epoch;

-- name: owners
-- Which process owns which runner.
SELECT runner, epoch FROM owners;

-- name: ask
-- Ask the owner of a runner for something.
INSERT INTO asks (id, epoch, runner, kind, body) VALUES (:id, :epoch, :runner, :kind, :body);

-- name: answer
-- The owner's answer.
UPDATE asks SET answer = :answer WHERE id = :id AND answer IS NULL;

-- name: forget_ask
-- It was answered, or is no longer waited for.
DELETE FROM asks WHERE id = :id;

-- name: asks
-- All that is asked and not forgotten; there are few.
SELECT id, epoch, runner, kind, body, answer FROM asks ORDER BY id;

-- name: all_names
-- The numbers of topics and runners, those of other code included.
SELECT id, name FROM names;
