"""Deliveries of runners and topics that the code no longer has: found by anyone, ended only where they are named."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping

import msgspec
from needlework.bus.sqlite.transaction import Transaction

_COUNT = (
    "SELECT r.name AS runner, t.name AS topic, sum(n) AS unfinished FROM ("
    " SELECT d.runner, m.topic, count(*) AS n FROM deliveries d JOIN messages m ON m.seq = d.message GROUP BY 1, 2"
    " UNION ALL SELECT runner, topic, count(*) FROM parked GROUP BY 1, 2) o"
    " JOIN names r ON r.id = o.runner JOIN names t ON t.id = o.topic GROUP BY 1, 2 ORDER BY 1, 2"
)
_ROWS = (
    "SELECT d.message, d.workspace, m.created, m.batch FROM deliveries d JOIN messages m ON m.seq = d.message"
    " WHERE d.runner = :runner AND m.topic = :topic UNION ALL"
    " SELECT p.message, p.workspace, m.created, m.batch FROM parked p JOIN messages m ON m.seq = p.message"
    " WHERE p.runner = :runner AND p.topic = :topic LIMIT :limit"
)
_TRACES = ("deliveries", "parked", "positions", "heads")
_DATA = msgspec.json.encode({"code": "cancelled", "reason": "no code handles it any more"})


class Orphan(msgspec.Struct, frozen=True):
    """What is unfinished of one topic for one runner, one of which, or their bond, is in no loaded code."""

    runner: str
    topic: str
    unfinished: int

    @property
    def names(self) -> frozenset[str]:
        """The names by which it is purged."""
        return frozenset((self.runner, self.topic))


def find_orphans(connection: sqlite3.Connection, known: Mapping[str, Collection[str]]) -> list[Orphan]:
    """What waits for nobody; `known` is topic -> its runners. Reads all that waits: for people, not for loops."""
    rows = connection.execute(_COUNT).fetchall()
    return [Orphan(*row) for row in rows if row[0] not in known.get(row[1], ())]


def purge_orphan(transaction: Transaction, orphan: Orphan, limit: int) -> int:
    """Cancel up to `limit` deliveries of an orphan; how many. Its messages stay until their retention ends."""
    transaction.flush()
    execute = transaction.connection.execute
    names = dict(execute("SELECT kind || ' ' || name, id FROM names").fetchall())
    runner, topic = names[f"runner {orphan.runner}"], names[f"topic {orphan.topic}"]
    rows = execute(_ROWS, {"runner": runner, "topic": topic, "limit": limit}).fetchall()
    for seq, workspace, created, batch in rows:
        for table in _TRACES:
            execute(f"DELETE FROM {table} WHERE message = ? AND runner = ?", (seq, runner))
        transaction.add_event(seq, created, runner, workspace, topic, "cancelled", _DATA)
        transaction.count(workspace, topic, -1)
        if batch is not None:
            transaction.batches.setdefault(batch, [0, 0, 0, 0])[3] += 1
    return len(rows)


def named(orphans: list[Orphan], names: Collection[str]) -> Iterator[Orphan]:
    """Those of `orphans` whose runner or topic was named."""
    return (orphan for orphan in orphans if orphan.names & set(names))
