"""A data directory with a million messages in it, written as SQL into the store's own tables: seconds, not minutes."""

import sqlite3
import time
from pathlib import Path
from zlib import crc32

import common
import uvloop
from needlework.bus.bus import Bus

DAY = 86_400_000_000


async def _make(directory: Path) -> None:
    bus = await Bus.open(directory, common.registry())
    await bus.stop()


def build(directory: Path, rows: int, delay: int = 0) -> None:
    """A database with `rows` messages for one runner, ready, or due `delay` microseconds from now and later."""
    uvloop.run(_make(directory))
    connection = sqlite3.connect(directory / "needlework.db", isolation_level=None)
    connection.execute("PRAGMA synchronous = off")
    numbers = dict(connection.execute("SELECT name, id FROM names"))
    workspace = connection.execute("SELECT id FROM workspaces WHERE name = 'default'").fetchone()[0]
    now = time.time_ns() // 1000 - (0 if delay else 60_000_000)
    values = {
        "rows": rows, "workspace": workspace, "topic": numbers["bench.work"], "runner": numbers["r0"], "now": now,
        "due": now + delay, "body": common.BODY, "checksum": crc32(common.BODY),
    }  # fmt: skip
    count = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :rows)"
    connection.execute("BEGIN")
    connection.execute(
        "INSERT INTO messages (seq, workspace, topic, created, due, priority, body, owed, flags, checksum)"
        f" {count} SELECT n, :workspace, :topic, :now, :due + n, 5, :body, 1, 0, :checksum FROM c",
        values,
    )
    connection.execute(
        "INSERT INTO deliveries (runner, workspace, priority, due, message)"
        f" {count} SELECT :runner, :workspace, 5, :due + n, n FROM c",
        values,
    )
    connection.execute(
        "INSERT INTO backlog (workspace, topic, unfinished) VALUES (:workspace, :topic, :rows)"
        " ON CONFLICT (workspace, topic) DO UPDATE SET unfinished = excluded.unfinished",
        values,
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
