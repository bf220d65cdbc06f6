"""The move *take*: due deliveries of one runner enter its window and are handed to its process.

The page is read inside the transaction that writes the window, so nothing can change between the two.
"""

from typing import Any

from needlework.bus.records import Delivery, RunnerLane, TopicLane
from needlework.bus.sqlite.inserting import forget_waiting
from needlework.bus.sqlite.keys import PARK, hold_heads
from needlework.bus.sqlite.transaction import Transaction

PAGE = """
SELECT d.due, d.message, d.attempt, m.topic, m.key, m.body, m.created, m.flags, m.cause, m.batch, m.head, m.checksum,
    p.failures, p.suspicion, p.deaths, p.cursor
FROM deliveries d CROSS JOIN messages m ON m.seq = d.message
    LEFT JOIN positions p ON p.message = d.message AND p.runner = d.runner
WHERE d.runner = ? AND d.workspace = ? AND d.priority = ? AND d.due <= ? AND (d.due, d.message) > (?, ?)
ORDER BY d.due, d.message LIMIT ?
"""
PLAIN_PAGE = """
SELECT d.due, d.message, d.attempt, m.topic, m.key, m.body, m.created, m.flags, m.cause, m.batch, m.head, m.checksum,
    NULL
FROM deliveries d CROSS JOIN messages m ON m.seq = d.message
WHERE d.runner = ? AND d.workspace = ? AND d.priority = ? AND d.due <= ? AND (d.due, d.message) > (?, ?)
ORDER BY d.due, d.message LIMIT ?
"""
NEXT_DUE = """
SELECT due FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due > ? ORDER BY due, message LIMIT 1
"""
NEXT_LANE = """
SELECT workspace, priority FROM deliveries
WHERE runner = ? AND (workspace, priority, due) > (?, ?, 9223372036854775807)
ORDER BY workspace, priority, due LIMIT 1
"""

_ARRIVED = "DELETE FROM arrivals WHERE runner = ? AND workspace = ? AND priority = ? RETURNING due, message"


class Page:
    """What one take found in one lane."""

    __slots__ = ("cursor", "deliveries", "more", "next_due", "priority", "workspace")

    def __init__(self, workspace: int, priority: int) -> None:
        self.workspace, self.priority = workspace, priority
        self.deliveries: list[Delivery] = []
        self.more = False
        self.cursor: tuple[int, int] = (0, 0)
        self.next_due: int | None = None


def take(
    transaction: Transaction,
    runner: RunnerLane,
    topics: dict[int, TopicLane],
    lane: tuple[int, int],
    cursor: tuple[int, int],
    limit: int,
    now: int,
) -> Page:
    """Take up to `limit` due deliveries of a (workspace, priority) lane, after `cursor` (due, message)."""
    transaction.flush()
    workspace, priority = lane
    page = Page(workspace, priority)
    window = transaction.windows.get(runner.number, {})
    reading = transaction.connection.cursor()
    reading.row_factory = None  # plain tuples: this is the hottest read
    known = reading.execute("SELECT 1 FROM positions LIMIT 1").fetchone()
    values = (runner.number, workspace, priority, now, *_behind_arrivals(transaction, runner, lane, cursor), limit)
    rows = reading.execute(PAGE if known else PLAIN_PAGE, values).fetchall()
    plain = not known and not transaction.controls.active
    entered = transaction.entered.setdefault(runner.number, []) if rows else []
    for row in rows:
        if row[1] in window or (topic := topics.get(row[3])) is None:
            continue  # in flight; or a topic that this code does not know stays, and `explain` says so
        if plain and topic.plain:  # most rows: only handed over
            due, seq, attempt, _, key, body, created, flags, cause, batch, head, checksum, _ = row
            delivery = Delivery(
                runner, topic, seq, workspace, priority, due, created, attempt, key, body, checksum, flags, cause,
                batch, head,
            )  # fmt: skip
            page.deliveries.append(delivery)
            entered.append(seq)
        else:
            _take_row(transaction, runner, topic, page, row)
    hold_heads(transaction, page.deliveries)
    page.more = len(rows) == limit
    page.cursor = (rows[-1][0], rows[-1][1]) if page.more else (0, 0)
    if not page.more:
        later = transaction.connection.execute(NEXT_DUE, (runner.number, workspace, priority, now)).fetchone()
        page.next_due = later[0] if later else None
    return page


def _behind_arrivals(
    transaction: Transaction, runner: RunnerLane, lane: tuple[int, int], cursor: tuple[int, int]
) -> tuple[int, int]:
    """Where to begin: another process may have let something wait before the cursor."""
    arrived = transaction.connection.execute(_ARRIVED, (runner.number, *lane)).fetchone()
    return cursor if arrived is None else min(cursor, (arrived[0], arrived[1] - 1))


def _take_row(transaction: Transaction, runner: RunnerLane, lane: TopicLane, page: Page, row: tuple[Any, ...]) -> None:
    due, seq, attempt, _, key, body, created, flags, cause, batch, head, checksum, *known = row
    delivery = Delivery(
        runner, lane, seq, page.workspace, page.priority, due, created, attempt, key, body, checksum, flags, cause,
        batch, head,
    )  # fmt: skip
    if known[0] is not None:  # it was attempted before, moved, or committed a step
        delivery.failures, delivery.suspicion, delivery.deaths, delivery.cursor = known
        delivery.moved = True
    controls = transaction.controls
    if controls.active:
        hold = controls.reason(lane, runner.name, page.workspace, flags)
        if hold is not None:
            park(transaction, delivery, hold)
            return
    if lane.coalesce != "off":
        forget_waiting(transaction, page.workspace, lane.number, key, seq)
    transaction.entered.setdefault(runner.number, []).append(seq)
    page.deliveries.append(delivery)


def park(transaction: Transaction, delivery: Delivery, reason: str) -> None:
    """Move a delivery out of its lane, with the reason, so that it never stands at the head of a page."""
    transaction.remove(delivery)
    transaction.connection.execute(
        PARK,
        (
            delivery.seq, delivery.runner.number, delivery.workspace, delivery.lane.number, delivery.key,
            delivery.priority, delivery.due, delivery.due, delivery.attempt, reason,
        ),
    )  # fmt: skip


def unpark(
    transaction: Transaction,
    runners: dict[int, RunnerLane],
    reason: str,
    limit: int,
    *,
    workspace: int | None = None,
    runner: int | None = None,
    topic: int | None = None,
) -> int:
    """Let up to `limit` deliveries parked for `reason` go, best priority and earliest due first."""
    sql = "SELECT message, runner, workspace, priority, due, attempt FROM parked WHERE reason = ? AND reason <> 'key'"
    values: list[object] = [reason]
    if workspace is not None:
        sql, values = sql + " AND workspace = ?", [*values, workspace]
    if runner is not None:
        sql, values = sql + " AND runner = ?", [*values, runner]
    if topic is not None:
        sql, values = sql + " AND topic = ?", [*values, topic]
    rows = transaction.connection.execute(f"{sql} ORDER BY priority, due, message LIMIT ?", (*values, limit)).fetchall()
    for row in rows:
        transaction.connection.execute(
            "DELETE FROM parked WHERE message = ? AND runner = ?", (row["message"], row["runner"])
        )
        lane = runners.get(row["runner"])
        place = (row["workspace"], row["priority"], row["due"], row["message"], row["attempt"])
        if lane is not None:
            transaction.add_delivery(lane, *place)
        else:
            transaction.deliveries.append((row["runner"], *place))
    return len(rows)


def lanes(transaction: Transaction, runner: RunnerLane) -> list[tuple[int, int]]:
    """The (workspace, priority) lanes that have rows: one index seek each, however long they are."""
    found: list[tuple[int, int]] = []
    place = (-1, -1)
    while True:
        row = transaction.connection.execute(NEXT_LANE, (runner.number, *place)).fetchone()
        if row is None:
            return found
        place = (row[0], row[1])
        found.append(place)


def enter_mark(transaction: Transaction, delivery: Delivery, mark: int) -> None:
    """The durable mark before a suspect starts: 1 started beside others, 2 running alone."""
    transaction.connection.execute(
        "UPDATE positions SET mark = ? WHERE message = ? AND runner = ?",
        (mark, delivery.seq, delivery.runner.number),
    )
