"""How large the write-ahead log grows at full rate: with stuck streams, and with a foreign reader (fault F16).

    python benchmarks/faults/wal.py --seconds 30

Prints a table and one line of JSON. Exit code 1 where the log passed 64 MiB with streams that take nothing.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import running_bus

MIB = 1024 * 1024
BOUND = 64 * MIB


class Load(Message[None], topic="load"):
    """Half a kilobyte."""

    number: int
    padding: str = "x" * 500


@subscribe(Load, runner="work")
async def load(message: Load, context: Context) -> None:
    """Nothing."""


def registry() -> Registry:
    """One topic, one runner."""
    topics = {"load": {"summary": "x", "permission": "permissionTasksWrite"}}
    return Registry.of(load, policies={"runners": {"work": {"description": "x", "concurrency": 64}}, "topics": topics})


async def publish_for(bus: Bus, seconds: float, log: Path) -> tuple[int, int]:
    """Publish from 64 clients: (messages, largest size of the log)."""
    workspace = bus.workspaces.by_name["default"]
    end, largest, count = time.monotonic() + seconds, 0, 0

    async def client() -> None:
        nonlocal largest, count
        while time.monotonic() < end:
            await bus.publish(Publication(message=Load(number=count), workspace=workspace))
            count += 1
            if count % 500 == 0:
                largest = max(largest, size(log))

    await asyncio.gather(*[client() for _ in range(64)])
    return count, max(largest, size(log))


def size(log: Path) -> int:
    """Bytes of the log."""
    return log.stat().st_size


async def settled_within(path: Path, seconds: float) -> float:
    """Seconds after the end of the load until a checkpoint finds everything written back; -1 where it does not."""
    began = time.monotonic()
    with sqlite3.connect(path) as other:
        while time.monotonic() < began + seconds:
            _, pages, done = other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages == done:
                return round(time.monotonic() - began, 2)
            await asyncio.sleep(0.1)
    return -1.0


async def measure(seconds: float) -> dict[str, Any]:
    """Both kinds of reader on one database."""
    with tempfile.TemporaryDirectory(prefix="needlework-wal-") as name:
        path = Path(name) / "needlework.db"
        log = path.with_name("needlework.db-wal")
        async with running_bus(registry(), Path(name)) as bus:
            workspace = bus.workspaces.by_name["default"]
            streams = [bus.events(workspace=workspace, after=0) for _ in range(50)]
            for stream in streams:
                asyncio.ensure_future(anext(stream)).add_done_callback(lambda task: task.exception())
            count, stuck = await publish_for(bus, seconds, log)
            checkpoint = await settled_within(path, 10)
            foreign = sqlite3.connect(path)
            foreign.execute("BEGIN")
            foreign.execute("SELECT count(*) FROM messages").fetchone()
            held, grown = await publish_for(bus, min(5.0, seconds), log)
            foreign.close()
            _, after = await publish_for(bus, min(5.0, seconds), log)
            for stream in streams:
                await stream.aclose()  # type: ignore[attr-defined]
    return {
        "program": "wal",
        "seconds": seconds,
        "messages": count,
        "log_mib_stuck_streams": round(stuck / MIB, 1),
        "checkpoint_after_load_seconds": checkpoint,
        "messages_beside_foreign_reader": held,
        "log_mib_foreign_reader_5s": round(grown / MIB, 1),
        "log_mib_after_it_went": round(after / MIB, 1),
    }


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30.0)
    result = asyncio.run(measure(parser.parse_args().seconds))
    for name, value in result.items():
        print(f"{name:>32}  {value}")
    print(json.dumps(result))
    return int(result["log_mib_stuck_streams"] * MIB > BOUND or result["checkpoint_after_load_seconds"] < 0)


if __name__ == "__main__":
    sys.exit(main())
