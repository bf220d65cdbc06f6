"""The move *insert*: a message and one delivery for each subscribed runner, in one transaction."""

from needlework.bus.errors import FieldError, IdempotencyConflict, InvalidMessage
from needlework.bus.records import KEYED, Delivery, NewMessage, Receipt, RunnerLane
from needlework.bus.sqlite.keys import MOVE_POSITION, PARK, enter_key_queue, let_earliest_lead, place_of
from needlework.bus.sqlite.transaction import Transaction

_KNOWN = "SELECT message, created, body_hash FROM idempotency WHERE workspace = ? AND topic = ? AND key = ?"
_JOIN_BATCH = (
    "INSERT INTO batches (id, workspace, created, total) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET total = total + excluded.total WHERE workspace = excluded.workspace"
)
_WAITING = "SELECT message, created FROM coalescing WHERE workspace = ? AND topic = ? AND key = ?"


def insert(transaction: Transaction, new: NewMessage) -> Receipt:
    """Store `new`, or find the message that it repeats or is absorbed by.

    Raises IdempotencyConflict, and InvalidMessage where its batch is another workspace's.
    """
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
    execute = transaction.connection.execute
    if new.batch is not None and not execute(_JOIN_BATCH, (new.batch, new.workspace, now, len(lane.runners))).rowcount:
        hint = "leave it out, or make one up that nobody else has"  # nothing is written yet: others lose nothing by it
        raise InvalidMessage("the batch can't be joined", errors=[FieldError("batch_id", "is not yours", hint)])
    transaction.seq = seq + 1
    due = now if new.due is None or new.due < now else new.due
    transaction.add_message(new, seq, due)
    transaction.count(new.workspace, lane.number, len(lane.runners))
    if lane.coalesce != "off":
        execute(
            "INSERT INTO coalescing (workspace, topic, key, message, created) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (workspace, topic, key) DO UPDATE SET message = excluded.message, created = excluded.created",
            (new.workspace, lane.number, new.key or "", seq, now),
        )
    return Receipt(seq, now, due, lane.name, False)


def _deliver(transaction: Transaction, new: NewMessage, receipt: Receipt, runner: RunnerLane) -> None:
    due, seq, lane = receipt.due, receipt.seq, new.lane
    controls = transaction.controls
    hold = controls.reason(lane, runner.name, new.workspace, new.flags) if transaction.holding else None
    at_once = due <= transaction.now and hold is None and _room(transaction, runner)
    if lane.ordered and not enter_key_queue(transaction, new, receipt, runner, at_once):
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
        transaction.keys[place] = (receipt.seq, transaction.controls.steady(), new.idempotency_hash)


def _repeated(transaction: Transaction, new: NewMessage) -> Receipt | None:
    """The first message with this idempotency key. Raises IdempotencyConflict where its body was another."""
    execute = transaction.connection.execute
    place = (new.workspace, new.lane.number, new.idempotency_key or "")
    known = transaction.keys.get(place) or execute(_KNOWN, place).fetchone()
    controls = transaction.controls
    if known is None or known[1] <= controls.steady() - controls.idempotency_kept:
        return None
    seq, _, body_hash = known
    if body_hash != new.idempotency_hash:
        raise IdempotencyConflict(f"idempotency key {new.idempotency_key!r} was used before with another body")
    transaction.flush()
    first = execute("SELECT created, due FROM messages WHERE seq = ?", (seq,)).fetchone()
    if first is None:  # a longer life was set for keys after its message had gone: nothing is left to answer with
        return None
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
    if new.idempotency_key is not None:
        execute("UPDATE messages SET flags = flags | ? WHERE seq = ?", (KEYED, seq))
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
        if new.lane.ordered:
            where = (runner.number, new.workspace, new.lane.number, new.key)
            execute("UPDATE heads SET place = ?, due = ?"
                    " WHERE runner = ? AND workspace = ? AND topic = ? AND key = ? AND message = ?",
                    (due, due, *where, seq))  # fmt: skip
            let_earliest_lead(transaction, runner, where)
    execute("UPDATE messages SET due = ? WHERE seq = ?", (due, seq))
