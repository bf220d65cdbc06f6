-- name: waiting_of_runner
-- A page of what a runner still has to do in a workspace, running ones among it, in order of priority and due time.
SELECT d.priority, d.due, d.message, d.attempt, m.topic, m.created FROM deliveries d CROSS JOIN messages m ON m.seq = d.message
WHERE d.runner = :runner AND d.workspace = :workspace AND (d.priority, d.due, d.message) > (:priority, :place, :message)
    AND (:topic IS NULL OR m.topic = :topic) AND (:batch IS NULL OR m.batch = :batch)
    AND m.created >= :start AND m.created < :end
ORDER BY d.priority, d.due, d.message LIMIT :limit;

-- name: retrying_of_runner
-- The same of retries that wait for their time, and were attempted before `began` only.
SELECT d.priority, d.due, d.message, d.attempt, m.topic, m.created FROM deliveries d CROSS JOIN messages m ON m.seq = d.message
WHERE d.runner = :runner AND d.workspace = :workspace AND (d.priority, d.due, d.message) > (:priority, :place, :message)
    AND d.attempt > 0 AND d.due > :began AND (:topic IS NULL OR m.topic = :topic)
    AND (:batch IS NULL OR m.batch = :batch) AND m.created >= :start AND m.created < :end
    AND (SELECT max(a.at) FROM attempts a WHERE a.message = d.message AND a.runner = d.runner) < :began
ORDER BY d.priority, d.due, d.message LIMIT :limit;

-- name: parked_of_runner
-- A page of what a runner has put aside in a workspace, with the reason.
SELECT 0 AS priority, 0 AS due, p.message, p.attempt, p.topic, m.created FROM parked p CROSS JOIN messages m ON m.seq = p.message
WHERE p.message > :message AND p.runner = :runner AND p.workspace = :workspace
    AND (:topic IS NULL OR p.topic = :topic) AND (:batch IS NULL OR m.batch = :batch)
    AND m.created >= :start AND m.created < :end
ORDER BY p.message LIMIT :limit;
