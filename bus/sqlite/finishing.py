"""The moves that end an attempt: *complete*, *step*, *retry*, *bury*, *cancel*; effects and ack in one commit.

Each takes the delivery's own row out first; where it is gone the lease is lost and nothing is written.
"""

import sqlite3
from typing import Any

from needlework.bus.errors import GuardFailed
from needlework.bus.records import Completions, Delivery, Finish, RunnerLane
from needlework.bus.sql import Statement
from needlework.bus.sqlite.inserting import insert
from needlework.bus.sqlite.keys import MOVE_POSITION, promote
from needlework.bus.sqlite.transaction import Stale, Transaction

_BATCH_COLUMN = {"result": 0, "refused": 1, "dead": 2, "cancelled": 3}


def finish_attempt(transaction: Transaction, finish: Finish) -> None:
    """Carry out one `Finish`: the delivery's move and what was collected with it."""
    delivery, kind = finish.delivery, finish.kind
    for report in finish.reports or ():
        _report(transaction, delivery, "log", report)  # before its end: a stream ends with that
    if kind in _BATCH_COLUMN:
        transaction.remove(delivery)
        end(transaction, delivery, kind, finish.data)
        if kind == "dead":
            bury(transaction, delivery, finish.error, finish.reason)
    elif kind == "step":
        _step(transaction, finish)
    elif kind == "retrying":
        retry(transaction, finish)
    else:
        _report(transaction, delivery, kind, finish.data)
    if finish.statements is not None:
        for statement in finish.statements:
            run_statement(transaction.connection, statement)
    if finish.messages is not None:
        for message in finish.messages:
            insert(transaction, message)
    if kind == "step" and finish.data is not None:
        delivery.cursor = finish.data.decode()  # its guards held; known before whatever ends it is written


def complete(transaction: Transaction, completions: Completions) -> None:
    """Attempts that returned and did nothing else: their rows go, their results stay."""
    events, freed, now, number = transaction.commit.events, transaction.commit.freed, transaction.now, transaction.event
    gone: list[tuple[int, int]] = []
    before: tuple[Any, ...] | None = None
    topic = number_of = 0
    counted = (0, 0)
    heads: dict[tuple[RunnerLane, int, int], list[tuple[str, int]]] = {}
    for delivery, report, data in completions.ends:
        runner, lane, seq, workspace = delivery.runner, delivery.lane, delivery.seq, delivery.workspace
        place = (lane, workspace, delivery.priority)
        if place != before:  # most stretches are of one topic: looked up once
            before, topic, number_of = place, lane.number, runner.number
            gone = transaction.gone.setdefault((number_of, workspace, delivery.priority), [])
            counted = (workspace, topic)
            transaction.backlog.setdefault(counted, 0)
        if report is not None:
            events.append((number, seq, delivery.created, number_of, workspace, topic, "progress", now, report))
            number += 1
        if lane.ordered and delivery.key is not None:
            heads.setdefault((runner, workspace, topic), []).append((delivery.key, seq))
        events.append((number, seq, delivery.created, number_of, workspace, topic, "result", now, data))
        number += 1
        freed.append((runner, seq))
        gone.append((delivery.due, seq))
        transaction.backlog[counted] -= 1
    transaction.event = number
    for (owner, space, ordered), ended in heads.items():
        promote(transaction, owner, space, ordered, ended)


def _step(transaction: Transaction, finish: Finish) -> None:
    """A commit in the middle: the row stays, the resume point moves."""
    delivery = finish.delivery
    _require(transaction, delivery)
    _position(transaction, delivery, delivery.priority, delivery.due)
    transaction.connection.execute(
        "UPDATE positions SET cursor = ? WHERE message = ? AND runner = ?",
        (finish.data.decode() if finish.data else None, delivery.seq, delivery.runner.number),
    )


def run_statement(connection: sqlite3.Connection, statement: Statement) -> None:
    """Run one collected statement. Raises GuardFailed where it must change rows and did not."""
    changed = connection.execute(statement.sql, statement.params).rowcount
    if statement.expect is not None and changed != statement.expect:
        raise GuardFailed(f"a statement changed {changed} rows, it must change {statement.expect}")


def _require(transaction: Transaction, delivery: Delivery) -> None:
    """The fence of a step: the delivery's row must still be where it was taken from."""
    transaction.flush()
    place = (delivery.runner.number, delivery.workspace, delivery.priority, delivery.due, delivery.seq)
    row = transaction.connection.execute(
        "SELECT 1 FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?",
        place,
    ).fetchone()
    if row is None:
        raise Stale("the delivery was finished or moved before")


def _position(transaction: Transaction, delivery: Delivery, priority: int, due: int) -> None:
    transaction.connection.execute(MOVE_POSITION, (delivery.seq, delivery.runner.number, priority, due))


def _report(transaction: Transaction, delivery: Delivery, kind: str, data: bytes | None) -> None:
    """A progress or log event of a delivery that is still ours."""
    transaction.add_event(
        delivery.seq,
        delivery.created,
        delivery.runner.number,
        delivery.workspace,
        delivery.lane.number,
        kind,
        data,
    )


def end(
    transaction: Transaction,
    delivery: Delivery,
    kind: str,
    data: bytes | None,
    *,
    promote_next: bool = True,
) -> None:
    """The delivery ends: its terminal event, its counts, and the next of its key."""
    lane, runner = delivery.lane, delivery.runner
    transaction.add_event(delivery.seq, delivery.created, runner.number, delivery.workspace, lane.number, kind, data)
    transaction.count(delivery.workspace, lane.number, -1)
    transaction.commit.freed.append((runner, delivery.seq))
    if delivery.batch is not None:
        transaction.batches.setdefault(delivery.batch, [0, 0, 0, 0])[_BATCH_COLUMN[kind]] += 1
    if delivery.attempt or delivery.cursor or delivery.moved:
        transaction.connection.execute(
            "DELETE FROM positions WHERE message = ? AND runner = ?", (delivery.seq, runner.number)
        )
    if lane.ordered and promote_next and delivery.key is not None:
        promote(transaction, runner, delivery.workspace, lane.number, [(delivery.key, delivery.seq)])


def retry(transaction: Transaction, finish: Finish) -> None:
    """The attempt failed or asked for another: it waits again, later, and keeps its key."""
    delivery = finish.delivery
    transaction.remove(delivery)
    attempt, stopped = delivery.attempt + 1, finish.reason == "stopped"
    due = delivery.due if stopped else transaction.now + finish.delay
    failed = not stopped and not finish.error.startswith("Retry")
    record_attempt(transaction, delivery, "failed" if failed else "retried", finish.error)
    _position(transaction, delivery, delivery.priority, due)
    transaction.connection.execute(
        "UPDATE positions SET failures = ?, mark = 0 WHERE message = ? AND runner = ?",
        (delivery.failures, delivery.seq, delivery.runner.number),
    )
    _report(transaction, delivery, "retrying", finish.data)
    transaction.commit.freed.append((delivery.runner, delivery.seq))
    transaction.flush()  # the old row goes before the new one comes: they may be equal
    transaction.add_delivery(delivery.runner, delivery.workspace, delivery.priority, due, delivery.seq, attempt)


def record_attempt(transaction: Transaction, delivery: Delivery, kind: str, error: str) -> None:
    """One line of the attempt history."""
    transaction.connection.execute(
        "INSERT INTO attempts (message, runner, attempt, at, kind, error) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (message, runner, attempt) DO NOTHING",
        (delivery.seq, delivery.runner.number, delivery.attempt + 1, transaction.now, kind, error),
    )


def bury(transaction: Transaction, delivery: Delivery, error: str, reason: str) -> None:
    """A dead letter: kept with why, where and the attempt history."""
    record_attempt(transaction, delivery, "failed", error)
    transaction.connection.execute(
        "INSERT INTO dead (message, runner, workspace, topic, priority, at, attempt, reason, error, cursor)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            delivery.seq, delivery.runner.number, delivery.workspace, delivery.lane.number, delivery.priority,
            transaction.now, delivery.attempt + 1, reason, error, delivery.cursor,
        ),
    )  # fmt: skip
