"""The move *insert*: a message and one delivery for each subscribed runner, in one transaction.

An ordered topic's deliveries queue behind their key: `heads` names the one that may run, the others are parked
under the reason `key` in order of `place` (when they became due; publish order when undelayed).
"""

from needlework.bus.errors import IdempotencyConflict
from needlework.bus.records import Delivery, NewMessage, Receipt, RunnerLane
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
    WHERE p.runner = ? AND p.workspace = ? AND p.topic = ? AND p.key = ? AND p.reason = 'key' AND m.due = m.created
    UNION ALL
    SELECT h.place FROM heads h JOIN messages m ON m.seq = h.message
    WHERE h.runner = ? AND h.workspace = ? AND h.topic = ? AND h.key = ? AND h.message = ? AND m.due = m.created)
"""
_NEW_HEAD = (
    "INSERT INTO heads (runner, workspace, topic, key, message, place, due, priority, held)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_OTHER_HEAD = (
    "UPDATE heads SET message = ?, place = ?, due = ?, priority = ?, held = ?"
    " WHERE runner = ? AND workspace = ? AND topic = ? AND key = ?"
)
_KNOWN = "SELECT message, created, body_hash FROM idempotency WHERE workspace = ? AND topic = ? AND key = ?"
_WAITING = "SELECT message, created FROM coalescing WHERE workspace = ? AND topic = ? AND key = ?"
MOVE_POSITION = (
    "INSERT INTO positions (message, runner, priority, due) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (message, runner) DO UPDATE SET priority = excluded.priority, due = excluded.due"
)


def insert(transaction: Transaction, new: NewMessage) -> Receipt:
    """Store `new`, or find the message that it repeats or is absorbed by."""
    lane = new.lane
    if lane.plain and new.idempotency_key is None and new.batch is None and not transaction.holding:
        return _insert_plain(transaction, new)
    if new.idempotency_key is not None:
        known = _repeated(transaction, new)
        if known is not None:
            return known
    if lane.coalesce != "off" and not new.force:
        absorbed = _absorbed(transaction, new)
        if absorbed is not None:
            _remember(transaction, new, absorbed)
            return absorbed
    receipt = _store(transaction, new)
    _remember(transaction, new, receipt)
    for runner in lane.runners:
        _deliver(transaction, new, receipt, runner)
    return receipt


def _insert_plain(transaction: Transaction, new: NewMessage) -> Receipt:
    """The same where nothing but rows is needed: the hot path, in one function."""
    lane, now, seq = new.lane, transaction.now, transaction.seq
    workspace, priority = new.workspace, new.priority
    transaction.seq = seq + 1
    due = now if new.due is None or new.due < now else new.due
    transaction.add_message(new, seq, due)
    transaction.count(workspace, lane.number, len(lane.runners))
    receipt = Receipt(seq, now, due, lane.name, False)
    for runner in lane.runners:
        if due > now or not _room(transaction, runner):
            transaction.add_delivery(runner, workspace, priority, due, seq, 0)
        else:
            transaction.deliveries.append((runner.number, workspace, priority, due, seq, 0))
            transaction.hand_over(_delivery(new, receipt, runner))
    return receipt


def _room(transaction: Transaction, runner: RunnerLane) -> bool:
    """Whether the runner's process takes one more from memory; if not, later ones wait in the table behind it."""
    if runner.live:
        entered = transaction.entered.get(runner.number)
        if runner.room - (runner.taken - runner.accepted) > (len(entered) if entered else 0):
            return True
        runner.live = False
    return False


def _store(transaction: Transaction, new: NewMessage) -> Receipt:
    lane, now, seq = new.lane, transaction.now, transaction.seq
    transaction.seq = seq + 1
    due = now if new.due is None or new.due < now else new.due
    transaction.add_message(new, seq, due)
    transaction.count(new.workspace, lane.number, len(lane.runners))
    execute = transaction.connection.execute
    if lane.coalesce != "off":
        execute(
            "INSERT INTO coalescing (workspace, topic, key, message, created) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (workspace, topic, key) DO UPDATE SET message = excluded.message, created = excluded.created",
            (new.workspace, lane.number, new.key or "", seq, now),
        )
    if new.batch is not None:
        execute(
            "INSERT INTO batches (id, workspace, created, total) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET total = total + excluded.total",
            (new.batch, new.workspace, now, len(lane.runners)),
        )
    return Receipt(seq, now, due, lane.name, False)


def _deliver(transaction: Transaction, new: NewMessage, receipt: Receipt, runner: RunnerLane) -> None:
    due, seq, lane = receipt.due, receipt.seq, new.lane
    controls = transaction.controls
    hold = controls.reason(lane, runner.name, new.workspace, new.flags) if transaction.holding else None
    at_once = due <= transaction.now and hold is None and _room(transaction, runner)
    if lane.ordered and not _enter_key_queue(transaction, new, receipt, runner, at_once):
        return
    if hold is not None:
        place = (seq, runner.number, new.workspace, lane.number, new.key, new.priority, due, due, 0, hold)
        transaction.connection.execute(PARK, place)
        return
    if not at_once:
        transaction.add_delivery(runner, new.workspace, new.priority, due, seq, 0)
        return
    transaction.deliveries.append((runner.number, new.workspace, new.priority, due, seq, 0))
    transaction.hand_over(_delivery(new, receipt, runner))
    if lane.coalesce != "off":
        forget_waiting(transaction, new.workspace, lane.number, new.key, seq)


def _delivery(new: NewMessage, receipt: Receipt, runner: RunnerLane) -> Delivery:
    return Delivery(
        runner, new.lane, receipt.seq, new.workspace, new.priority, receipt.due, receipt.created, 0, new.key, b"", 0,
        new.flags, new.cause, new.batch, new.head, new.message,
    )  # fmt: skip


def _enter_key_queue(
    transaction: Transaction, new: NewMessage, receipt: Receipt, runner: RunnerLane, held: bool
) -> bool:
    """Queue behind the key. True: this one is the key's head now, `held` as asked; False: it was parked."""
    execute, seq, due = transaction.connection.execute, receipt.seq, receipt.due
    where = (runner.number, new.workspace, new.lane.number, new.key)
    if execute(_NEW_HEAD, (*where, seq, due, due, new.priority, int(held))).rowcount:
        return True  # most keys are idle: one statement
    head = execute(_HEAD, where).fetchone()
    place = due
    if due <= transaction.now < transaction.floor:  # the clock was set back: publishes keep their order all the same
        place = max(due, _tail(transaction, where, head["message"]))
    if not head["held"] and head["due"] > transaction.now and head["place"] > place:
        _give_way(transaction, where, head["message"], head["place"])
        execute(_OTHER_HEAD, (seq, place, due, new.priority, int(held), *where))
        return True
    transaction.parked.append((seq, *where, new.priority, due, place, 0, "key"))
    if not head["held"] and new.priority < head["priority"]:
        raise_priority(transaction, runner, where, head["message"], new.priority)
    return False


def _tail(transaction: Transaction, where: tuple[object, ...], head: int) -> int:
    """The last place that an undelayed message has in a key's queue."""
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


def hold_head(transaction: Transaction, runner: int, workspace: int, topic: int, key: str | None, seq: int) -> None:
    """The key's head was offered to a handler: it keeps its place until it ends."""
    transaction.connection.execute(
        "UPDATE heads SET held = 1 WHERE runner = ? AND workspace = ? AND topic = ? AND key = ? AND message = ?",
        (runner, workspace, topic, key, seq),
    )


def forget_waiting(transaction: Transaction, workspace: int, topic: int, key: str | None, seq: int) -> None:
    """What is already running is never absorbed into."""
    transaction.connection.execute(
        "DELETE FROM coalescing WHERE workspace = ? AND topic = ? AND key = ? AND message = ?",
        (workspace, topic, key or "", seq),
    )


def _remember(transaction: Transaction, new: NewMessage, receipt: Receipt) -> None:
    """Keep the idempotency key; one that had expired starts anew."""
    if new.idempotency_key is not None:
        place = (new.workspace, new.lane.number, new.idempotency_key)
        transaction.keys[place] = (receipt.seq, transaction.now, new.idempotency_hash)


def _repeated(transaction: Transaction, new: NewMessage) -> Receipt | None:
    """The first message with this idempotency key. Raises IdempotencyConflict where its body was another."""
    execute = transaction.connection.execute
    place = (new.workspace, new.lane.number, new.idempotency_key or "")
    known = transaction.keys.get(place) or execute(_KNOWN, place).fetchone()
    if known is None or known[1] <= transaction.now - transaction.controls.idempotency_kept:
        return None
    seq, created, body_hash = known
    if body_hash != new.idempotency_hash:
        raise IdempotencyConflict(f"idempotency key {new.idempotency_key!r} was used before with another body")
    transaction.flush()
    first = execute("SELECT created, due FROM messages WHERE seq = ?", (seq,)).fetchone()
    if first is None:
        return Receipt(seq, created, created, new.lane.name, True, True)
    return Receipt(seq, first["created"], first["due"], new.lane.name, True, True)


def _absorbed(transaction: Transaction, new: NewMessage) -> Receipt | None:
    """The waiting message that takes this one's place, changed as the topic's coalescing mode says."""
    execute = transaction.connection.execute
    row = execute(_WAITING, (new.workspace, new.lane.number, new.key or "")).fetchone()
    if row is None:
        return None
    transaction.flush()
    mode, seq = new.lane.coalesce, row["message"]
    old = execute("SELECT body, due FROM messages WHERE seq = ?", (seq,)).fetchone()
    if old is None or (mode == "drop" and old["body"] != new.body):
        return None
    if mode != "drop":
        execute("UPDATE messages SET body = ?, checksum = ? WHERE seq = ?", (new.body, new.checksum, seq))
    due = transaction.now if new.due is None or new.due < transaction.now else new.due
    if (mode == "drop" and due < old["due"]) or mode == "debounce":
        _move_due(transaction, new, seq, due)
    else:
        due = old["due"]
    return Receipt(seq, row["created"], due, new.lane.name, True)


def _move_due(transaction: Transaction, new: NewMessage, seq: int, due: int) -> None:
    """Another due time for a message that waits: every delivery of it moves."""
    execute = transaction.connection.execute
    for runner in new.lane.runners:
        spot = place_of(transaction, seq, runner.number)
        row = (runner.number, new.workspace, spot[0], spot[1], seq)
        removed = execute(
            "DELETE FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?",
            row,
        )
        execute(MOVE_POSITION, (seq, runner.number, spot[0], due))
        if removed.rowcount:
            transaction.add_delivery(runner, new.workspace, spot[0], due, seq, spot[2])
        execute(
            "UPDATE parked SET due = ?, place = ? WHERE message = ? AND runner = ?",
            (due, due, seq, runner.number),
        )
        execute("UPDATE heads SET place = ?, due = ?"
                " WHERE runner = ? AND workspace = ? AND topic = ? AND key = ? AND message = ?",
                (due, due, runner.number, new.workspace, new.lane.number, new.key, seq))  # fmt: skip
    execute("UPDATE messages SET due = ? WHERE seq = ?", (due, seq))
