"""The move *shift*: the wall clock was set, so what waits for a duration, or for nothing, moves with it (promise P6).

    a retry              its wait is a duration: it moves by the step, forward and back
    an undelayed one     its due time is when it was published: after a step back it would wait out the step
    a delayed one        its due time is the publisher's wall time: it stays

Only what was stored before the step moves, up to a message's number. All of it moves by the same, what is due by either
clock included: a key's queue keeps its order. It goes in bounded steps, in the order of the messages' numbers.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from needlework.bus.records import RunnerLane
from needlework.bus.sqlite.keys import MOVE_POSITION
from needlework.bus.sqlite.transaction import Transaction

SLACK = 2_000_000
"""Microseconds within which a step is noticed: what was written so shortly before knows the new time already."""
FIRST_LANE = (-1, -1, -1, 0, 0)
"""Before the first row of the stage `waiting`."""
_RETRIES = """
SELECT p.message, p.runner, p.priority, p.due, m.workspace, m.topic, m.key,
    (SELECT at FROM attempts a WHERE a.message = p.message AND a.runner = p.runner
        AND a.kind IN ('failed', 'retried', 'timeout') ORDER BY attempt DESC LIMIT 1) AS at,
    (SELECT max(seq) FROM events e WHERE e.message = p.message AND e.runner = p.runner AND e.kind = 'retrying') AS event
FROM positions p JOIN messages m ON m.seq = p.message
WHERE (p.message, p.runner) > (?, ?) ORDER BY p.message, p.runner LIMIT ?
"""
_NEVER_FAILED = (
    "NOT EXISTS (SELECT 1 FROM attempts a WHERE a.message = m.seq AND a.runner = w.runner"
    " AND a.kind IN ('failed', 'retried', 'timeout'))"
)
_WAITING = f"""
SELECT w.message, w.runner, w.priority, w.due, m.workspace, m.topic, m.key,
    w.message <= :last AND m.due <= m.created AND {_NEVER_FAILED} AS moves
FROM deliveries w CROSS JOIN messages m ON m.seq = w.message
WHERE w.runner = :runner AND w.workspace = :workspace AND w.priority = :priority AND w.due <= :until
    AND (w.due, w.message) > (:due, :message)
ORDER BY w.due, w.message LIMIT :batch
"""
_NEXT_LANE = """
SELECT runner, workspace, priority FROM deliveries
WHERE (runner, workspace, priority, due) > (?, ?, ?, 9223372036854775807)
ORDER BY runner, workspace, priority, due LIMIT 1
"""
_PARKED = f"""
SELECT w.message, w.runner, w.priority, w.due, m.workspace, m.topic, m.key,
    m.due <= m.created AND {_NEVER_FAILED} AS moves,
    w.reason = 'key' AND w.due <= :now AS is_due
FROM parked w JOIN messages m ON m.seq = w.message
WHERE (w.message, w.runner) > (:message, :runner) AND w.message <= :last ORDER BY w.message, w.runner LIMIT :batch
"""
_FROM_LANE = (
    "DELETE FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?"
    " RETURNING attempt"
)
_BEFORE = """
SELECT max(seq) FROM (SELECT seq, created FROM messages ORDER BY seq DESC LIMIT 100000) WHERE created > ?
"""
_PARKED_LATER = "UPDATE parked SET due = max(0, due + ?), place = place + ? WHERE message = ? AND runner = ?"
_PLACED_LATER = "UPDATE parked SET place = place + ? WHERE message = ? AND runner = ?"
_HEAD_LATER = (
    "UPDATE heads SET due = max(0, due + ?), place = place + ?"
    " WHERE runner = ? AND workspace = ? AND topic = ? AND key = ? AND message = ?"
)


class Shift(msgspec.Struct, frozen=True):
    """How far a shift has come. Times are microseconds; `step` is by how much the clock was set."""

    step: int
    now: int
    """The wall time when the step was noticed."""
    before: int
    """The latest event when the clock was last seen to be right."""
    stage: str = "retries"
    """`retries`, then after a step back `waiting` and `parked`, then `done`."""
    place: tuple[int, ...] = (-1, -1)
    """The last row looked at; of a lane: runner, workspace, priority, due, message."""
    last: int = 0
    """The last message stored before a step back, as far as it matters: those after it know the new time."""
    moved: int = 0


def shift(transaction: Transaction, runners: Mapping[int, RunnerLane], plan: Shift, batch: int) -> Shift:
    """Look at `batch` more rows of `runners`, move what must move; how far it has come."""
    transaction.flush()
    if plan.stage == "retries":
        return _shift_retries(transaction, runners, plan, batch)
    if plan.stage == "waiting":
        if not plan.last:
            row = transaction.connection.execute(_BEFORE, (plan.now,)).fetchone()
            if row[0] is None:  # all that waits was stored so long ago that it is due by either clock
                return msgspec.structs.replace(plan, stage="done")
            plan = msgspec.structs.replace(plan, last=row[0])
        return _shift_waiting(transaction, runners, plan, batch)
    return _shift_parked(transaction, runners, plan, batch)


def _shift_retries(transaction: Transaction, runners: Mapping[int, RunnerLane], plan: Shift, batch: int) -> Shift:
    rows = transaction.connection.execute(_RETRIES, (*plan.place, batch)).fetchall()
    moved = 0
    for row in rows:
        if row["at"] is not None and not _knows_the_new_time(row, plan, transaction.now):
            moved += _move(transaction, runners, row, plan.step)
    following = "waiting" if plan.step < 0 else "done"
    return _further(plan, rows, batch, moved, following, FIRST_LANE)


def _knows_the_new_time(row: Any, plan: Shift, now: int) -> bool:
    """Whether a retry was written after the step: then its due time is right."""
    at = row["at"]
    if (row["event"] or 0) <= plan.before:
        return False
    return bool(at > plan.now - plan.step if plan.step > 0 else plan.now - SLACK <= at <= now)


def _shift_waiting(transaction: Transaction, runners: Mapping[int, RunnerLane], plan: Shift, batch: int) -> Shift:
    execute = transaction.connection.execute
    runner, workspace, priority, due, message = plan.place
    rows = []
    if runner in runners:
        values = {"runner": runner, "workspace": workspace, "priority": priority, "due": due, "message": message,
                  "until": plan.now - plan.step + SLACK, "last": plan.last, "batch": batch}  # fmt: skip
        rows = execute(_WAITING, values).fetchall()
    moved = sum(_move(transaction, runners, row, plan.step) for row in rows if row["moves"])
    if len(rows) == batch:
        place = (runner, workspace, priority, rows[-1]["due"], rows[-1]["message"])
        return msgspec.structs.replace(plan, place=place, moved=plan.moved + moved)
    lane = execute(_NEXT_LANE, (runner, workspace, priority)).fetchone()
    if lane is None:
        return msgspec.structs.replace(plan, stage="parked", place=(-1, -1), moved=plan.moved + moved)
    return msgspec.structs.replace(plan, place=(*lane, 0, 0), moved=plan.moved + moved)


def _shift_parked(transaction: Transaction, runners: Mapping[int, RunnerLane], plan: Shift, batch: int) -> Shift:
    execute = transaction.connection.execute
    message, runner = plan.place
    values = {"now": plan.now, "message": message, "runner": runner, "last": plan.last, "batch": batch}
    rows = execute(_PARKED, values).fetchall()
    moved = 0
    for row in rows:
        if row["moves"]:
            moved += _move(transaction, runners, row, plan.step)
        elif row["is_due"] and row["runner"] in runners:  # a delayed one before or behind them stays there
            execute(_PLACED_LATER, (plan.step, row["message"], row["runner"]))
    return _further(plan, rows, batch, moved, "done", ())


def _further(plan: Shift, rows: list[Any], batch: int, moved: int, stage: str, place: tuple[int, ...]) -> Shift:
    """The plan behind these rows, or at the beginning of its next stage."""
    if len(rows) == batch:
        stage, place = plan.stage, (rows[-1]["message"], rows[-1]["runner"])
    return msgspec.structs.replace(plan, stage=stage, place=place, moved=plan.moved + moved)


def _move(transaction: Transaction, runners: Mapping[int, RunnerLane], row: Any, step: int) -> int:
    """Move one delivery that is not in flight, in its lane or where it is parked; 1 where it moved."""
    runner = runners.get(row["runner"])
    seq, priority = row["message"], row["priority"]
    if runner is None or transaction.in_window(runner.number, seq):
        return 0
    execute = transaction.connection.execute
    due = max(0, row["due"] + step)
    waiting = execute(_FROM_LANE, (runner.number, row["workspace"], priority, row["due"], seq)).fetchone()
    if waiting is not None:
        transaction.add_delivery(runner, row["workspace"], priority, due, seq, waiting["attempt"])
    elif not execute(_PARKED_LATER, (step, step, seq, runner.number)).rowcount:
        return 0
    execute(MOVE_POSITION, (seq, runner.number, priority, due))
    if row["key"] is not None:
        execute(_HEAD_LATER, (step, step, runner.number, row["workspace"], row["topic"], row["key"], seq))
    return 1
