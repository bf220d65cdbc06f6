"""The queue of a key: `heads` names the one delivery that may run, the others wait parked.

They are parked under the reason `key`, in order of `place`: when they became due (publish order when undelayed).
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from needlework.bus.records import Delivery, NewMessage, Receipt, RunnerLane
from needlework.bus.sqlite.rows import pieces, rows_of, write_rows
from needlework.bus.sqlite.transaction import Transaction

PARK = (
    "INSERT INTO parked (message, runner, workspace, topic, key, priority, due, place, attempt, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_HEAD = (
    "SELECT message, place, due, priority, held FROM heads WHERE runner = ? AND workspace = ? AND topic = ? AND key = ?"
)
_TAIL = """
SELECT max(place) FROM (
    SELECT p.place AS place FROM parked p JOIN messages m ON m.seq = p.message
    WHERE p.runner = ? AND p.workspace = ? AND p.topic = ? AND p.key = ? AND p.reason = 'key'
        AND (m.due = m.created OR p.place > p.due)
    UNION ALL
    SELECT h.place FROM heads h JOIN messages m ON m.seq = h.message
    WHERE h.runner = ? AND h.workspace = ? AND h.topic = ? AND h.key = ? AND h.message = ?
        AND (m.due = m.created OR h.place > h.due))
"""
_HEAD_AND_LAST = (
    "SELECT message, place, due, priority, held, (SELECT max(p.place) FROM parked p WHERE p.runner = h.runner"
    " AND p.workspace = h.workspace AND p.topic = h.topic AND p.key = h.key AND p.reason = 'key') AS last"
    " FROM heads h WHERE runner = ? AND workspace = ? AND topic = ? AND key = ?"
)
_NEW_HEAD = (
    "INSERT INTO heads (runner, workspace, topic, key, message, place, due, priority, held)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_OTHER_HEAD = (
    "UPDATE heads SET message = ?, place = ?, due = ?, priority = ?, held = ?"
    " WHERE runner = ? AND workspace = ? AND topic = ? AND key = ?"
)
MOVE_POSITION = (
    "INSERT INTO positions (message, runner, priority, due) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (message, runner) DO UPDATE SET priority = excluded.priority, due = excluded.due"
)
_NEXT = (
    "SELECT message, priority, due, place, attempt FROM parked"
    " WHERE runner = ? AND workspace = ? AND topic = ? AND key = ? AND reason = 'key' ORDER BY place, message LIMIT 1"
)
_FOLLOWING = (
    "SELECT h.key, h.message AS head, p.message, p.priority, p.due, p.place, p.attempt,"
    " (SELECT min(priority) FROM parked b WHERE b.runner = h.runner AND b.workspace = h.workspace"
    "   AND b.topic = h.topic AND b.key = h.key AND b.reason = 'key') AS best"
    " FROM heads h LEFT JOIN parked p ON p.runner = h.runner AND p.message = (SELECT message FROM parked f"
    "   WHERE f.runner = h.runner AND f.workspace = h.workspace AND f.topic = h.topic AND f.key = h.key"
    "   AND f.reason = 'key' ORDER BY f.place, f.message LIMIT 1)"
    " WHERE h.runner = ? AND h.workspace = ? AND h.topic = ? AND h.key"
)
_HELD = "UPDATE heads SET held = 1 WHERE runner = ? AND workspace = ? AND topic = ? AND key"
_LAST = "DELETE FROM heads WHERE runner = ? AND workspace = ? AND topic = ? AND key"
_LEADING = "DELETE FROM parked WHERE runner = ? AND message"
_NEW_HEADS = rows_of(
    "INSERT INTO heads (runner, workspace, topic, key, message, place, due, priority, held) VALUES ",
    9,
    " ON CONFLICT (runner, workspace, topic, key) DO UPDATE SET message = excluded.message, place = excluded.place,"
    " due = excluded.due, priority = excluded.priority, held = excluded.held",
)
BUSY_KEYS = 10_000
"""Keys remembered as busy at most: what is known of them saves a statement each."""


def enter_key_queue(
    transaction: Transaction, new: NewMessage, receipt: Receipt, runner: RunnerLane, held: bool
) -> bool:
    """Queue behind the key. True: this one is the key's head now, `held` as asked; False: it was parked."""
    execute, seq, due = transaction.connection.execute, receipt.seq, receipt.due
    where = (runner.number, new.workspace, new.lane.number, new.key)
    idle = (*where, seq, due, due, new.priority, int(held))
    if where not in transaction.busy and execute(_NEW_HEAD, idle).rowcount:
        return True  # most keys are idle: one statement
    head = execute(_HEAD_AND_LAST, where).fetchone()
    if head is None:  # it was busy before
        transaction.busy.discard(where)
        return bool(execute(_NEW_HEAD, idle).rowcount)
    _remember_busy(transaction, where)
    place = due
    if due <= transaction.now and max(head["place"], head["last"] or 0) > due:
        # the clock was set back, or a redriven one came in this microsecond: publishes keep their order all the same
        place = max(due, _tail(transaction, where, head["message"]))
    return _stand(transaction, runner, where, head, (seq, place, due, new.priority), 0, held)


def _remember_busy(transaction: Transaction, where: tuple[object, ...]) -> None:
    if len(transaction.busy) >= BUSY_KEYS:
        transaction.busy.clear()
    transaction.busy.add(where)


def rejoin_key_queue(
    transaction: Transaction, runner: RunnerLane, where: tuple[object, ...], seq: int, priority: int, attempt: int
) -> bool:
    """Queue a redriven delivery behind all that is due for its key. True: it is the key's head; False: it was parked.

    Its place lies after its due time, which marks it as one of those that later publishes come behind.
    """
    execute, now = transaction.connection.execute, transaction.now
    transaction.flush()
    head = execute(_HEAD, where).fetchone()
    place = max(now, _tail(transaction, where, head["message"]) if head is not None else 0) + 1
    if head is None:
        execute(_NEW_HEAD, (*where, seq, place, now, priority, 0))
        return True
    leads = _stand(transaction, runner, where, head, (seq, place, now, priority), attempt, held=False)
    transaction.flush()  # publishes of this very transaction come after it
    return leads


def _stand(
    transaction: Transaction,
    runner: RunnerLane,
    where: tuple[object, ...],
    head: Any,
    stand: tuple[int, int, int, int],
    attempt: int,
    held: bool,
) -> bool:
    """Take a stand (message, place, due, priority): before a head that is not due yet, else among the parked."""
    seq, place, due, priority = stand
    if not head["held"] and head["due"] > transaction.now and head["place"] > place:
        _give_way(transaction, where, head["message"], head["place"])
        transaction.connection.execute(_OTHER_HEAD, (*stand, int(held), *where))
        return True
    transaction.parked.append((seq, *where, priority, due, place, attempt, "key"))
    if not head["held"] and priority < head["priority"]:
        raise_priority(transaction, runner, where, head["message"], priority)
    return False


def _tail(transaction: Transaction, where: tuple[object, ...], head: int) -> int:
    """The last place that an undelayed or redriven message has in a key's queue."""
    transaction.flush()
    return int(transaction.connection.execute(_TAIL, (*where, *where, head)).fetchone()[0] or 0)


def _give_way(transaction: Transaction, where: tuple[object, ...], head: int, place: int) -> None:
    """The delayed head of a key is overtaken by one that is due before it: it joins the parked."""
    transaction.flush()
    execute = transaction.connection.execute
    runner, workspace, topic, key = where
    spot = place_of(transaction, head, runner)
    execute("DELETE FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?",
            (runner, workspace, spot[0], spot[1], head))  # fmt: skip
    execute("DELETE FROM parked WHERE message = ? AND runner = ?", (head, runner))
    execute(PARK, (head, runner, workspace, topic, key, spot[0], spot[1], place, spot[2], "key"))


def raise_priority(
    transaction: Transaction, runner: RunnerLane, where: tuple[object, ...], message: int, priority: int
) -> None:
    """A key's queue runs at its best member's priority: move its waiting head to a better lane."""
    transaction.flush()
    execute = transaction.connection.execute
    spot = place_of(transaction, message, runner.number)
    row = (runner.number, where[1], spot[0], spot[1], message)
    removed = execute(
        "DELETE FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?", row
    )
    if removed.rowcount:  # else the head itself is parked for another reason
        execute(MOVE_POSITION, (message, runner.number, priority, spot[1]))
        execute(
            "UPDATE heads SET priority = ? WHERE runner = ? AND workspace = ? AND topic = ? AND key = ?",
            (priority, *where),
        )
        transaction.add_delivery(runner, row[1], priority, spot[1], message, spot[2])  # type: ignore[arg-type]


def place_of(transaction: Transaction, message: int, runner: object) -> tuple[int, int, int]:
    """(priority, due, attempt) of a delivery: its position where it moved, else as it was published."""
    row = transaction.connection.execute(
        "SELECT coalesce(p.priority, m.priority), coalesce(p.due, m.due),"
        " (SELECT count(*) FROM attempts a WHERE a.message = m.seq AND a.runner = :runner)"
        " FROM messages m LEFT JOIN positions p ON p.message = m.seq AND p.runner = :runner WHERE m.seq = :message",
        {"runner": runner, "message": message},
    ).fetchone()
    return row[0], row[1], row[2]


def hold_heads(transaction: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Those of them that are heads of keys were offered to handlers: they keep their places until they end."""
    heads: dict[tuple[int, int, int], list[tuple[str | None, int]]] = {}
    for each in deliveries:
        if each.lane.ordered:
            heads.setdefault((each.runner.number, each.workspace, each.lane.number), []).append((each.key, each.seq))
    for place, pairs in heads.items():
        for marks, piece in pieces(pairs):
            keys, messages = zip(*piece, strict=True)  # no message is the head of two keys
            sql = f"{_HELD} IN ({marks}) AND message IN ({marks})"
            transaction.connection.execute(sql, (*place, *keys, *messages))


def promote(
    transaction: Transaction, runner: RunnerLane, workspace: int, topic: int, ended: Sequence[tuple[str, int]]
) -> None:
    """Heads (key, message) ended: the next in line take their places, at the best priority that waits behind them."""
    if transaction.parked:
        transaction.flush()
    lane, known = (runner.number, workspace, topic), set(ended)
    last: list[str] = []
    following: list[sqlite3.Row] = []
    for marks, keys in pieces([key for key, _ in ended]):
        for row in transaction.connection.execute(f"{_FOLLOWING} IN ({marks})", (*lane, *keys)):
            if (row["key"], row["head"]) not in known:
                continue  # it came before the topic was ordered
            if row["message"] is None:
                transaction.busy.discard((*lane, row["key"]))
                last.append(row["key"])
            else:
                following.append(row)
    for marks, keys in pieces(last):
        transaction.connection.execute(f"{_LAST} IN ({marks})", (*lane, *keys))
    if following:
        _lead(transaction, runner, lane, following)


def _lead(
    transaction: Transaction, runner: RunnerLane, lane: tuple[int, int, int], following: Sequence[sqlite3.Row]
) -> None:
    """The next in line become their keys' heads."""
    execute = transaction.connection.execute
    for marks, messages in pieces([row["message"] for row in following]):
        execute(f"{_LEADING} IN ({marks})", (runner.number, *messages))
    heads = [(*lane, row["key"], row["message"], row["place"], row["due"], row["best"], 0) for row in following]
    write_rows(execute, _NEW_HEADS, heads)
    for row in following:
        if row["best"] != row["priority"]:
            execute(MOVE_POSITION, (row["message"], runner.number, row["best"], row["due"]))
        transaction.add_delivery(runner, lane[1], row["best"], row["due"], row["message"], row["attempt"])


def let_earliest_lead(transaction: Transaction, runner: RunnerLane, where: tuple[Any, ...]) -> None:
    """A due time of a key was moved: a delayed head behind which an earlier one waits now gives way to it."""
    transaction.flush()
    head = transaction.connection.execute(_HEAD, where).fetchone()
    following = transaction.connection.execute(_NEXT, where).fetchone()
    if head is None or following is None or head["held"] or head["due"] <= transaction.now:
        return
    if (following["place"], following["message"]) < (head["place"], head["message"]):
        _give_way(transaction, where, head["message"], head["place"])
        behind = transaction.connection.execute(f"{_FOLLOWING} = ?", where).fetchall()
        _lead(transaction, runner, where[:3], behind)
