-- name: letters
-- A page of dead letters, newest first.
SELECT d.message, d.runner, d.topic, d.at, d.attempt, d.reason, d.error, m.created, m.key
FROM dead d CROSS JOIN messages m ON m.seq = d.message
WHERE d.workspace = :workspace AND (d.at, d.message, d.runner) < (:at, :message, :runner)
    AND (:topic IS NULL OR d.topic = :topic) AND (:of_runner IS NULL OR d.runner = :of_runner)
    AND (:reason IS NULL OR d.reason = :reason) AND (:error IS NULL OR instr(lower(d.error), lower(:error)) > 0)
    AND d.at >= :start AND d.at < :end
ORDER BY d.at DESC, d.message DESC, d.runner DESC LIMIT :limit;

-- name: letters_upward
-- The same from the oldest on, for work that goes through all of them, with what is known of its failures.
SELECT d.message, d.runner, d.topic, d.at, d.attempt, d.reason, d.error, m.created, m.key,
    (SELECT count(*) FROM attempts a WHERE a.message = d.message AND a.runner = d.runner AND a.kind = 'failed') AS failures
FROM dead d CROSS JOIN messages m ON m.seq = d.message
WHERE d.workspace = :workspace AND (d.at, d.message, d.runner) > (:at, :message, :runner)
    AND (:topic IS NULL OR d.topic = :topic) AND (:of_runner IS NULL OR d.runner = :of_runner)
    AND (:reason IS NULL OR d.reason = :reason) AND (:error IS NULL OR instr(lower(d.error), lower(:error)) > 0)
    AND d.at >= :start AND d.at < :end
ORDER BY d.at, d.message, d.runner LIMIT :limit;

-- name: letters_of
-- The dead letters of one message, with what is known of their failures.
SELECT d.message, d.runner, d.topic, d.at, d.attempt, d.reason, d.error, m.created, m.key,
    (SELECT count(*) FROM attempts a WHERE a.message = d.message AND a.runner = d.runner AND a.kind = 'failed') AS failures
FROM dead d JOIN messages m ON m.seq = d.message
WHERE d.message = :message AND d.workspace = :workspace ORDER BY d.runner;

-- name: body_of_letter
-- What a dead letter's message says, and what it belongs to.
SELECT m.topic, m.body, m.batch, m.head FROM messages m WHERE m.seq = :message AND m.workspace = :workspace;

-- name: after_redrive
-- What became of a redriven delivery: its failures so far, and its ending where it has one.
SELECT (SELECT count(*) FROM attempts a WHERE a.message = :message AND a.runner = :runner AND a.kind = 'failed') AS failures,
    (SELECT e.kind FROM events e WHERE e.message = :message AND e.runner = :runner
        AND e.kind IN ('result', 'refused', 'dead', 'cancelled', 'retrying') ORDER BY e.seq DESC LIMIT 1) AS last;
