"""The move *prune*: finished messages older than their topic's retention go, in small batches.

A message stays while a delivery of it is unfinished or dead-lettered (promise P8).
"""

from typing import Any

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
_OLD_DEAD = "SELECT message, runner, topic, at FROM dead WHERE at < ? LIMIT ?"
_MARK = (
    "INSERT INTO pruned (workspace, topic, event) SELECT ?, ?, max(seq) FROM events WHERE message = ?"
    " GROUP BY message ON CONFLICT (workspace, topic) DO UPDATE SET event = max(event, excluded.event)"
)
_KEPT = (
    "INSERT INTO installation (key, value) VALUES ('audit_kept', ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_BURIED = "SELECT 1 FROM dead WHERE message = ?"


def prune(transaction: Transaction, topics: dict[int, TopicLane], now: int, batch: int) -> int:
    """Remove up to `batch` finished messages past their retention; how many went. Goes on where it stopped before."""
    transaction.flush()
    execute = transaction.connection.execute
    row = execute(_PLACE).fetchone()
    place = int(row[0]) if row else 0
    shortest = min((lane.topic.retention for lane in topics.values()), default=0)
    rows = execute(_OLD, (now - shortest, place, batch * LOOKED_AT)).fetchall()
    gone, last = 0, 0
    for message in rows:
        if not message["old"]:
            last = 0  # from here on they are younger: begin anew next time
            break
        if gone == batch:
            break
        last = message["seq"]
        lane = topics.get(message["topic"])
        if lane is not None and _past(transaction, message, lane.topic.retention, now):
            _remove(transaction, message)
            gone += 1
    else:
        last = last if len(rows) == batch * LOOKED_AT else 0
    execute(
        "INSERT INTO installation (key, value) VALUES ('prune_place', ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (str(last),),
    )
    _forget_dead(transaction, topics, now, batch)
    _forget_counts(transaction, now, batch)
    _forget_audit(transaction, now - transaction.controls.audit_kept, batch)
    execute(
        "DELETE FROM idempotency WHERE (workspace, topic, key) IN"
        " (SELECT workspace, topic, key FROM idempotency WHERE created < ? ORDER BY created LIMIT ?)",
        (transaction.controls.steady() - transaction.controls.idempotency_kept, batch),
    )
    return gone


def _forget_counts(transaction: Transaction, now: int, batch: int) -> None:
    """Old batches go, and old slots, but the last of each schedule, from which missed ones are counted."""
    old = now - COUNTS_KEPT
    transaction.connection.execute(
        "DELETE FROM batches WHERE id IN (SELECT id FROM batches WHERE created < ? LIMIT ?)", (old, batch)
    )
    transaction.connection.execute(
        "DELETE FROM slots WHERE (schedule, workspace, slot) IN (SELECT schedule, workspace, slot FROM slots s"
        " WHERE slot < ? AND slot < (SELECT max(slot) FROM slots t WHERE t.schedule = s.schedule"
        " AND t.workspace = s.workspace) LIMIT ?)",
        (old, batch),
    )


def _forget_audit(transaction: Transaction, before: int, batch: int) -> None:
    """The oldest lines of the log for people go, up to the first that is not past its retention."""
    execute = transaction.connection.execute
    last = 0
    for row in execute("SELECT id, at FROM audit ORDER BY id LIMIT ?", (batch,)).fetchall():
        if row["at"] >= before:
            break
        last = row["id"]
    if last:
        execute(_KEPT, (str(before),))
        execute("DELETE FROM audit WHERE id <= ?", (last,))


def _forget_dead(transaction: Transaction, topics: dict[int, TopicLane], now: int, batch: int) -> None:
    """Dead letters past their topic's `dead_retention` go; their messages follow with the next walk."""
    kept = {number: lane.topic.dead_retention for number, lane in topics.items()}
    rows = transaction.connection.execute(_OLD_DEAD, (now - min(kept.values(), default=0), batch)).fetchall()
    for row in rows:
        if row["at"] < now - kept.get(row["topic"], now):
            transaction.connection.execute(
                "DELETE FROM dead WHERE message = ? AND runner = ?", (row["message"], row["runner"])
            )


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


def _remove(transaction: Transaction, message: Any) -> None:
    """A message and all that it reported; what is gone of its stream is marked, so that resuming readers hear it."""
    execute, seq = transaction.connection.execute, message["seq"]
    execute(_MARK, (message["workspace"], message["topic"], seq))
    for table in ("events", "attempts", "positions"):
        execute(f"DELETE FROM {table} WHERE message = ?", (seq,))
    execute("DELETE FROM messages WHERE seq = ?", (seq,))
