"""The move *reorder*: a topic's `order` was switched since its messages were stored, so what waits is arranged anew.

    off -> key   the earliest of each key becomes its head, the others are parked behind it
    key -> off   followers that are parked behind a head wait beside it

It runs when a process takes a runner over: nothing of it is in flight then. Which topics were ordered is kept in
`installation`, so that a start with a long backlog reads it only where something was switched.
"""

import msgspec
from needlework.bus.records import RunnerLane, TopicLane
from needlework.bus.sqlite.transaction import Transaction

_KEPT = "SELECT value FROM installation WHERE key = ?"
_KEEP = "INSERT INTO installation (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_OWED = "SELECT 1 FROM backlog WHERE topic = ? AND unfinished > 0 LIMIT 1"

# What was redriven comes behind all that was due before, as in `keys.py`; what waits for its retry holds its key.
_WAITING = """
WITH redriven AS (
    SELECT p.message, p.due FROM positions p WHERE p.runner = :runner AND 'redriven' = (
        SELECT json_extract(CAST(e.data AS TEXT), '$.kind') FROM events e
        WHERE e.message = p.message AND e.runner = p.runner AND e.kind = 'retrying' ORDER BY e.seq DESC LIMIT 1)),
waiting AS (
    SELECT m.workspace, m.key, d.message, iif(s.message IS NULL, m.due, s.due + 1) AS place, d.due, d.priority,
        d.attempt, d.attempt > 0 AND s.message IS NULL AS holds
    FROM deliveries d JOIN messages m ON m.seq = d.message
    LEFT JOIN redriven s ON s.message = d.message
    WHERE d.runner = :runner AND m.topic = :topic AND m.key IS NOT NULL
    UNION ALL
    SELECT p.workspace, p.key, p.message, iif(s.message IS NULL, m.due, s.due + 1), p.due, p.priority,
        p.attempt, p.attempt > 0 AND s.message IS NULL
    FROM parked p JOIN messages m ON m.seq = p.message
    LEFT JOIN redriven s ON s.message = p.message
    WHERE p.runner = :runner AND p.topic = :topic AND p.reason <> 'key' AND p.key IS NOT NULL)
"""
_HEADS = (
    "INSERT INTO heads (runner, workspace, topic, key, message, place, due, priority, held)"
    + _WAITING
    + """
SELECT :runner, workspace, :topic, key, message, place, due, priority, holds
FROM (SELECT *, row_number() OVER (PARTITION BY workspace, key ORDER BY holds DESC, place, message) AS n FROM waiting)
WHERE n = 1 ON CONFLICT DO NOTHING
"""
)
_FOLLOWERS = (
    "INSERT INTO parked (message, runner, workspace, topic, key, priority, due, place, attempt, reason)"
    + _WAITING
    + """
SELECT message, :runner, workspace, :topic, key, priority, due, place, attempt, 'key' FROM waiting w
WHERE NOT EXISTS (SELECT 1 FROM heads h WHERE h.runner = :runner AND h.workspace = w.workspace AND h.topic = :topic
    AND h.key = w.key AND h.message = w.message)
ON CONFLICT (message, runner) DO UPDATE SET place = excluded.place, reason = 'key'
"""
)
_MOVED = """
DELETE FROM deliveries WHERE runner = :runner AND message IN
    (SELECT message FROM parked WHERE runner = :runner AND topic = :topic AND reason = 'key')
"""
_BESIDE = """
INSERT INTO deliveries (runner, workspace, priority, due, message, attempt)
SELECT runner, workspace, priority, due, message, attempt FROM parked
WHERE runner = :runner AND topic = :topic AND reason = 'key'
"""
_UNPARK = "DELETE FROM parked WHERE runner = :runner AND topic = :topic AND reason = 'key'"
_NO_HEADS = "DELETE FROM heads WHERE runner = :runner AND topic = :topic"


def reorder(transaction: Transaction, runner: RunnerLane, topics: dict[int, TopicLane]) -> None:
    """Arrange what waits for `runner` as its topics are ordered now."""
    transaction.flush()
    execute, name = transaction.connection.execute, f"ordered:{runner.number}"
    kept = execute(_KEPT, (name,)).fetchone()
    before: dict[int, bool] = msgspec.json.decode(kept[0], type=dict[int, bool]) if kept else {}
    now = {number: lane.ordered for number, lane in topics.items() if runner in lane.runners}
    if now.items() <= before.items():
        return
    for number, ordered in now.items():
        if before.get(number) is not ordered and execute(_OWED, (number,)).fetchone():
            place = {"runner": runner.number, "topic": number}
            for sql in (_HEADS, _FOLLOWERS, _MOVED) if ordered else (_BESIDE, _UNPARK, _NO_HEADS):
                execute(sql, place)
    execute(_KEEP, (name, msgspec.json.encode(before | now).decode()))
