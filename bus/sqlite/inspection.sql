-- name: latest_event
-- The number of the last event there was, kept or not.
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) AS latest;

-- name: oldest_message
-- The number of the oldest message that is kept: what retention removed lies below it.
SELECT coalesce((SELECT min(seq) FROM messages), 0) AS oldest;

-- name: pruned
-- The last event that retention removed of a workspace, or of one topic in it.
SELECT coalesce(max(event), 0) AS event FROM pruned WHERE workspace = :workspace AND (:topic IS NULL OR topic = :topic);

-- name: newest_created
-- When the newest message was stored.
SELECT coalesce((SELECT created FROM messages ORDER BY seq DESC LIMIT 1), 0) AS created;

-- name: backlog
-- Unfinished deliveries a workspace and topic.
SELECT workspace, topic, unfinished FROM backlog;

-- name: events_of_message
-- One message's events after a number: at most so many, and so many bytes. Sizes are read without what they measure.
WITH found AS (
    SELECT e.seq, coalesce(length(e.data), 0) AS size FROM events e
    WHERE e.message = :message AND e.workspace = :workspace AND e.seq > :after ORDER BY e.seq LIMIT :limit
), counted AS (SELECT seq, sum(size) OVER (ORDER BY seq) - size AS before FROM found)
SELECT e.seq, e.message, e.created, e.runner, e.workspace, e.topic, e.kind, e.at, e.data
FROM counted c JOIN events e ON e.seq = c.seq WHERE c.before < :bytes ORDER BY e.seq;

-- name: events_of_workspace
-- A stretch of the event log, as the one above; the filter by topic is applied to it afterwards.
WITH found AS (
    SELECT e.seq, coalesce(length(e.data), 0) AS size FROM events e
    WHERE e.seq > :after AND e.seq <= :until AND e.workspace = :workspace
        AND (:topic IS NULL OR e.topic = :topic) ORDER BY e.seq LIMIT :limit
), counted AS (SELECT seq, sum(size) OVER (ORDER BY seq) - size AS before FROM found)
SELECT e.seq, e.message, e.created, e.runner, e.workspace, e.topic, e.kind, e.at, e.data
FROM counted c JOIN events e ON e.seq = c.seq WHERE c.before < :bytes ORDER BY e.seq;

-- name: outcome
-- The terminal event of one delivery; a dead letter that was redriven has none yet.
SELECT e.seq, e.message, e.created, e.runner, e.workspace, e.topic, e.kind, e.at, e.data FROM events e
WHERE e.message = :message AND e.runner = :runner AND e.kind IN ('result', 'refused', 'dead', 'cancelled')
    AND (kind <> 'dead' OR NOT EXISTS (SELECT 1 FROM events l WHERE l.message = e.message AND l.runner = e.runner
        AND l.kind = 'retrying' AND l.seq > e.seq))
ORDER BY e.seq DESC LIMIT 1;

-- name: message
-- One message of a workspace.
SELECT seq, workspace, topic, created, due, priority, key, body, owed, flags, cause, batch, head
FROM messages WHERE seq = :seq AND workspace = :workspace;

-- name: endings
-- How each delivery of a message ended; what was redriven since has not.
SELECT e.seq, e.runner, e.kind, e.at, e.data FROM events e
WHERE e.message = :seq AND e.kind IN ('result', 'refused', 'dead', 'cancelled')
    AND (e.kind <> 'dead' OR NOT EXISTS (SELECT 1 FROM events l WHERE l.message = e.message AND l.runner = e.runner
        AND l.kind = 'retrying' AND l.seq > e.seq))
ORDER BY e.seq;

-- name: event_count
-- How many events a message has.
SELECT count(*) FROM events WHERE message = :seq;

-- name: children
-- What a message caused.
SELECT seq, created FROM messages WHERE cause = :seq ORDER BY seq LIMIT 100;

-- name: created
-- When a message was stored.
SELECT created FROM messages WHERE seq = :seq;

-- name: position
-- Where a delivery stands now, and what is known against it.
SELECT coalesce(p.priority, m.priority) AS priority, coalesce(p.due, m.due) AS due, coalesce(p.failures, 0) AS failures,
    coalesce(p.suspicion, 0) AS suspicion, coalesce(p.deaths, 0) AS deaths,
    (SELECT count(*) FROM attempts a WHERE a.message = m.seq AND a.runner = :runner) AS attempt
FROM messages m LEFT JOIN positions p ON p.message = m.seq AND p.runner = :runner WHERE m.seq = :seq;

-- name: waiting
-- Whether a delivery waits in its lane.
SELECT 1 FROM deliveries
WHERE runner = :runner AND workspace = :workspace AND priority = :priority AND due = :due AND message = :seq;

-- name: parked
-- Why a delivery is parked.
SELECT reason, place, due FROM parked WHERE message = :seq AND runner = :runner;

-- name: ahead
-- How many deliveries of the same key come before one.
SELECT (SELECT count(*) FROM (SELECT 1 FROM parked p WHERE p.runner = :runner AND p.workspace = :workspace
    AND p.topic = :topic AND p.key = :key AND p.reason = 'key' AND (p.place, p.message) < (:place, :seq) LIMIT 10000)) AS ahead,
    (SELECT message FROM heads h WHERE h.runner = :runner AND h.workspace = :workspace AND h.topic = :topic
    AND h.key = :key) AS head;

-- name: dead_letter
-- Why a delivery is dead.
SELECT reason, error, at, attempt FROM dead WHERE message = :seq AND runner = :runner;

-- name: redriven_as
-- The note that a dead letter goes on as another message.
SELECT data FROM events WHERE message = :seq AND runner = :runner AND kind = 'log' AND seq > :after
    AND instr(CAST(data AS TEXT), '"kind":"redriven"') > 0 ORDER BY seq DESC LIMIT 1;

-- name: history
-- The attempts of a message that did not complete.
SELECT runner, attempt, at, kind, error FROM attempts WHERE message = :seq ORDER BY runner, attempt LIMIT 200;

-- name: messages
-- A page of messages, newest first.
SELECT seq, workspace, topic, created, due, priority, key, owed, cause, batch FROM messages
WHERE workspace = :workspace AND seq < :before AND (:topic IS NULL OR topic = :topic)
    AND (:batch IS NULL OR batch = :batch) ORDER BY seq DESC LIMIT :limit;

-- name: stretch
-- Where the next so many messages end (the oldest of them), and how many there are.
SELECT min(seq) AS seq, created, count(*) AS count FROM (
    SELECT seq, created FROM messages WHERE workspace = :workspace AND seq < :before
        AND (:topic IS NULL OR topic = :topic) AND (:batch IS NULL OR batch = :batch) ORDER BY seq DESC LIMIT :looked
);

-- name: unfinished_messages
-- A page of a stretch's messages that may be in a state: started here, or put aside, or buried, or with a delivery that waits.
SELECT m.seq, m.workspace, m.topic, m.created, m.due, m.priority, m.key, m.owed, m.cause, m.batch FROM messages m
WHERE m.workspace = :workspace AND m.seq < :before AND m.seq >= :low AND (:topic IS NULL OR m.topic = :topic)
    AND (:batch IS NULL OR m.batch = :batch) AND CASE :state
        WHEN 'running' THEN m.seq IN (SELECT value FROM json_each(:started))
        WHEN 'parked' THEN EXISTS (SELECT 1 FROM parked k WHERE k.message = m.seq)
        WHEN 'dead' THEN EXISTS (SELECT 1 FROM dead b WHERE b.message = m.seq)
        ELSE EXISTS (
            SELECT 1 FROM json_each(:runners) r LEFT JOIN positions p ON p.message = m.seq AND p.runner = r.value
            JOIN deliveries d ON d.runner = r.value AND d.workspace = m.workspace
                AND d.priority = coalesce(p.priority, m.priority) AND d.due = coalesce(p.due, m.due) AND d.message = m.seq
        ) END
ORDER BY m.seq DESC LIMIT :limit;

-- name: batch
-- One batch's counts.
SELECT id, created, total, done, refused, dead, cancelled FROM batches WHERE id = :id AND workspace = :workspace;

-- name: queue_depth
-- What one runner has due, due later, parked and dead in one workspace; counts stop at 100,000. Priorities are listed:
-- each is one seek.
SELECT
    (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE runner = :runner AND workspace = :workspace
        AND priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9) AND due <= :now LIMIT 100000)) AS waiting,
    (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE runner = :runner AND workspace = :workspace
        AND priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9) AND due > :now LIMIT 100000)) AS scheduled,
    (SELECT count(*) FROM (SELECT 1 FROM parked WHERE runner = :runner AND workspace = :workspace LIMIT 100000)) AS parked,
    (SELECT count(*) FROM (SELECT 1 FROM dead WHERE runner = :runner AND workspace = :workspace LIMIT 100000)) AS dead;

-- name: dead_by_topic
-- Dead letters a topic in one workspace.
SELECT topic, count(*) AS dead FROM dead WHERE workspace = :workspace GROUP BY topic;

-- name: count_due
-- What is due for a runner in a workspace, held or not, counted up to 100,000; priorities are listed: each is one seek.
SELECT (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE runner = :runner AND workspace = :workspace
        AND priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9) AND due <= :now LIMIT 100000))
    + (SELECT count(*) FROM (SELECT 1 FROM parked WHERE reason IN ('tick_disabled', 'not_ticked')
        AND workspace = :workspace AND runner = :runner AND due <= :now LIMIT 100000))
    + (SELECT count(*) FROM (SELECT 1 FROM parked WHERE runner = :runner AND workspace = :workspace
        AND reason = 'key' AND due <= :now LIMIT 100000));
