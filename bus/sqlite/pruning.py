"""The move *prune*: finished messages older than their topic's retention go, in small batches.

A message stays while a delivery of it is unfinished or dead-lettered (promise P8).
"""

from typing import Any

from msgspec import json
from needlework.bus.records import KEYED, TopicLane
from needlework.bus.sqlite.transaction import Transaction

_PLACE = "SELECT value FROM installation WHERE key = 'prune_place'"
_OLD = (  # the inner limit bounds what is looked at: without it a young table was read to its end
    "SELECT seq, workspace, topic, created, owed, flags, created < ? AS old FROM messages"
    " WHERE seq > ? ORDER BY seq LIMIT ?"
)
COUNTS_KEPT = 30 * 24 * 3600 * 1_000_000
"""Microseconds for which batches' counts and schedules' slots are kept."""
LOOKED_AT = 8
"""Old messages looked at for each one that may go: what is kept for long must not stop the walk."""
_ENDED = (
    "SELECT count(*), max(at), sum(kind = 'dead') FROM events e"
    " WHERE message = ? AND kind IN ('result', 'refused', 'dead', 'cancelled') AND (kind <> 'dead' OR NOT EXISTS"
    " (SELECT 1 FROM events l WHERE l.message = e.message AND l.runner = e.runner AND l.kind = 'retrying'"
    " AND l.seq > e.seq))"
)
_LAST = "SELECT max(at) FROM events WHERE message = ?"
_OLD_DEAD = (  # workspace by workspace, since that is what the index begins with
    "DELETE FROM dead WHERE (message, runner) IN (SELECT d.message, d.runner FROM workspaces w"
    " CROSS JOIN dead d ON d.workspace = w.id AND d.at < ?"
    " JOIN json_each(?) k ON CAST(k.key AS INTEGER) = d.topic WHERE d.at < k.value LIMIT ?)"
)
_GOING = " WHERE message IN (SELECT value FROM json_each(?))"
_MARK = (
    f"INSERT INTO pruned (workspace, topic, event) SELECT workspace, topic, max(seq) FROM events {_GOING}"
    " GROUP BY workspace, topic ON CONFLICT (workspace, topic) DO UPDATE SET event = max(event, excluded.event)"
)
_KEPT = (
    "INSERT INTO installation (key, value) VALUES ('audit_kept', ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_STAND = (
    "INSERT INTO installation (key, value) VALUES ('prune_place', ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_OLD_KEYS = (
    "DELETE FROM idempotency WHERE (workspace, topic, key) IN"
    " (SELECT workspace, topic, key FROM idempotency WHERE created < ? ORDER BY created LIMIT ?)"
)
_BURIED = "SELECT 1 FROM dead WHERE message = ?"


def prune(transaction: Transaction, topics: dict[int, TopicLane], now: int, batch: int) -> tuple[int, bool]:
    """Remove up to `batch` finished messages past their retention: (how many went, whether this walk has ended).

    The next call goes on where this one stopped.
    """
    transaction.flush()
    execute = transaction.connection.execute
    row = execute(_PLACE).fetchone()
    place = int(row[0]) if row else 0
    shortest = min((lane.topic.retention for lane in topics.values()), default=0)
    rows = execute(_OLD, (now - shortest, place, batch * LOOKED_AT)).fetchall()
    gone: list[int] = []
    last = 0
    for message in rows:
        if not message["old"]:
            last = 0  # from here on they are younger: begin anew next time
            break
        if len(gone) == batch:
            break
        last = message["seq"]
        lane = topics.get(message["topic"])
        if lane is not None and _past(transaction, message, lane.topic.retention, now):
            gone.append(message["seq"])
    else:
        last = last if len(rows) == batch * LOOKED_AT else 0
    _remove(transaction, gone)
    execute(_STAND, (str(last),))
    return len(gone), last == 0 and _forget_others(transaction, topics, now, batch) < batch


def _forget_others(transaction: Transaction, topics: dict[int, TopicLane], now: int, batch: int) -> int:
    """At the end of a walk, up to `batch` of each other thing that is kept for a while; of the most, how many."""
    controls = transaction.controls
    before = controls.steady() - controls.idempotency_kept
    return max(
        _forget_dead(transaction, topics, now, batch),
        _forget_counts(transaction, now, batch),
        _forget_audit(transaction, now - controls.audit_kept, batch),
        transaction.connection.execute(_OLD_KEYS, (before, batch)).rowcount,
    )


def _forget_counts(transaction: Transaction, now: int, batch: int) -> int:
    """Old batches go, and old slots, but the last of each schedule, from which missed ones are counted."""
    execute, old = transaction.connection.execute, now - COUNTS_KEPT
    batches = execute(
        "DELETE FROM batches WHERE id IN (SELECT id FROM batches WHERE created < ? LIMIT ?)", (old, batch)
    )
    slots = execute(
        "DELETE FROM slots WHERE (schedule, workspace, slot) IN (SELECT schedule, workspace, slot FROM slots s"
        " WHERE slot < ? AND slot < (SELECT max(slot) FROM slots t WHERE t.schedule = s.schedule"
        " AND t.workspace = s.workspace) LIMIT ?)",
        (old, batch),
    )
    return max(batches.rowcount, slots.rowcount)


def _forget_audit(transaction: Transaction, before: int, batch: int) -> int:
    """The oldest lines of the log for people go, up to the first that is not past its retention."""
    execute = transaction.connection.execute
    last = gone = 0
    for row in execute("SELECT id, at FROM audit ORDER BY id LIMIT ?", (batch,)).fetchall():
        if row["at"] >= before:
            break
        last = row["id"]
    if last:
        execute(_KEPT, (str(before),))
        gone = execute("DELETE FROM audit WHERE id <= ?", (last,)).rowcount
    return gone


def _forget_dead(transaction: Transaction, topics: dict[int, TopicLane], now: int, batch: int) -> int:
    """Dead letters past their topic's `dead_retention` go; their messages follow with the next walk."""
    before = {str(number): now - lane.topic.dead_retention for number, lane in topics.items()}
    values = (max(before.values(), default=0), json.encode(before).decode(), batch)
    return transaction.connection.execute(_OLD_DEAD, values).rowcount


def _past(transaction: Transaction, message: Any, retention: int, now: int) -> bool:
    """Whether all of a message ended longer ago than it is kept: as its topic says, and for its idempotency key."""
    ended, last, dead = transaction.connection.execute(_ENDED, (message["seq"],)).fetchone()
    kept = max(retention, transaction.controls.idempotency_kept) if message["flags"] & KEYED else retention
    if ended < message["owed"] or (message["created"] if last is None else last) > now - kept:
        return False
    if not dead:
        return True
    # one that was redriven with another payload is history for as long as what it became
    last = transaction.connection.execute(_LAST, (message["seq"],)).fetchone()[0]
    return last <= now - kept and transaction.connection.execute(_BURIED, (message["seq"],)).fetchone() is None


def _remove(transaction: Transaction, gone: list[int]) -> None:
    """Messages and all that they reported; what is gone of streams is marked, so that resuming readers hear it.

    One statement a table: each gives up the interpreter lock, and the writer is held until all of them are through.
    """
    execute, going = transaction.connection.execute, (json.encode(gone).decode(),)
    execute(_MARK, going)
    for table in ("events", "attempts", "positions"):
        execute(f"DELETE FROM {table}{_GOING}", going)
    execute("DELETE FROM messages WHERE seq IN (SELECT value FROM json_each(?))", going)
