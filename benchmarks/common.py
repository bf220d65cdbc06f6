"""What every benchmark shares: the references measured in the same run, a bus on a scratch directory, the report."""

import argparse
import asyncio
import json
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe

BODY = b'{"id":"conv_01HZZZZZZZZZZZZZZZZZZZZZZZ","n":1}'


class Work(Message[None], topic="bench.work"):
    """The message of most benchmarks."""

    id: str
    n: int = 0


class Keyed(Message[None], topic="bench.keyed", key=("id",)):
    """The same on an ordered topic."""

    id: str
    n: int = 0


async def nothing(message: Message[Any], ctx: Context) -> None:
    """A handler that does nothing."""


def policies(runners: int = 1, **topic: Any) -> dict[str, Any]:
    """Policies of the benchmark topics for `runners` runners."""
    shared = {"summary": "benchmark", "permission": "permissionRead", **topic}
    return {
        "runners": {f"r{n}": {"description": "benchmark"} for n in range(runners)},
        "topics": {"bench.work": shared, "bench.keyed": {**shared, "order": "key"}},
    }


def registry(runners: int = 1, handler: Callable[..., Any] = nothing, **topic: Any) -> Registry:
    """A registry in which `runners` runners take both topics with the same handler."""

    def declared(number: int) -> Callable[..., Any]:
        async def handle(message: Message[Any], ctx: Context) -> None:
            return await handler(message, ctx)

        if handler is nothing:

            async def handle(message: Message[Any], ctx: Context) -> None:  # without a second call
                return None

        return subscribe(Keyed, runner=f"r{number}")(subscribe(Work, runner=f"r{number}")(handle))

    return Registry.of(*(declared(number) for number in range(runners)), policies=policies(runners, **topic))


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A directory on a real disk, for one measurement."""
    return tempfile.TemporaryDirectory(prefix="needlework-bench-", dir=Path.cwd())


def raw_connection(directory: Path) -> sqlite3.Connection:
    """A plain sqlite3 connection with the same durability: WAL, FULL, a WAL that has its size."""
    connection = sqlite3.connect(directory / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = full")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS q (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, key TEXT, body BLOB,"
        " created INTEGER, due INTEGER, state INTEGER NOT NULL DEFAULT 0)"
    )
    connection.execute("CREATE INDEX IF NOT EXISTS q_ready ON q (state, due, id)")
    return connection


def raw_publish(directory: Path, seconds: float, rows: int) -> float:
    """RAW: durable rows a second with `rows` rows a transaction, into a queue table of the usual kind."""
    connection = raw_connection(directory)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        now = time.time_ns() // 1000
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO q (topic, key, body, created, due) VALUES (?, ?, ?, ?, ?)",
            [("bench.work", None, BODY, now, now)] * rows,
        )
        connection.execute("COMMIT")
        count += rows
    took = time.perf_counter() - start
    connection.close()
    return count / took


def raw_drain(directory: Path, count: int) -> float:
    """RAW claim+ack: rows a second, claimed and acknowledged in hundreds, each a durable transaction."""
    connection = raw_connection(directory)
    now = time.time_ns() // 1000
    connection.execute("DELETE FROM q")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO q (topic, key, body, created, due) VALUES (?, ?, ?, ?, ?)",
        [("bench.work", None, BODY, now, now)] * count,
    )
    connection.execute("COMMIT")
    start = time.perf_counter()
    while True:
        connection.execute("BEGIN IMMEDIATE")
        claimed = connection.execute(
            "UPDATE q SET state = 1 WHERE id IN"
            " (SELECT id FROM q WHERE state = 0 AND due <= ? ORDER BY due, id LIMIT 100) RETURNING id, body",
            (now,),
        ).fetchall()
        connection.execute("COMMIT")
        if not claimed:
            break
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("DELETE FROM q WHERE id = ?", [(row[0],) for row in claimed])
        connection.execute("COMMIT")
    took = time.perf_counter() - start
    connection.close()
    return count / took


async def finished(bus: Bus) -> None:
    """Until no delivery is unfinished. Raises TimeoutError where nothing moves for 20 seconds."""
    left, since = -1, time.monotonic()
    while now := sum(bus.backlog.values()):  # looked at rarely, so that it costs the measured code nothing
        if now != left:
            left, since = now, time.monotonic()
        elif time.monotonic() - since > 20:
            raise TimeoutError(f"{left} deliveries do not move")
        await rest()


async def rest() -> None:
    """A moment between two looks at a counter."""
    await asyncio.sleep(0.004)


async def fill(bus: Bus, count: int, message: type = Work) -> None:
    """Publish `count` messages in lists."""
    workspace = bus.workspaces.by_name["default"]
    for start in range(0, count, 500):
        numbers = range(start, min(count, start + 500))
        await bus.publish_all(
            [Publication(message=message(id=f"k{n % 1000}", n=n), workspace=workspace) for n in numbers]
        )


def rss(process: int | str = "self") -> float:
    """A process's resident memory, MiB."""
    text = Path(f"/proc/{process}/statm").read_text().split()
    return int(text[1]) * resource.getpagesize() / 1024 / 1024


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: list[float]) -> float:
    return statistics.median(values)


def options(text: str | None, **numbers: int) -> argparse.Namespace:
    """The command line of a program: `--quick`, and numbers of its own."""
    parser = argparse.ArgumentParser(description=(text or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small counts: only whether it works")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{default} by default")
    return parser.parse_args()


def report(rows: list[dict[str, Any]]) -> None:
    """A table for people and one JSON line for machines."""
    for row in rows:
        goal = f"   goal {row['goal']}: {'met' if row['met'] else 'MISSED'}" if "goal" in row else ""
        ratio = f"   ratio {row['ratio']:.2f} to {row['reference']}" if "ratio" in row else ""
        print(f"{row['what']:<58}{row['figure']:>14}{ratio}{goal}")
    print(json.dumps(rows))
    sys.stdout.flush()
