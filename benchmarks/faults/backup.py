"""Backups while 1,000 messages a second are published (fault F15): what they hold, what they cost, and killed ones.

    python benchmarks/faults/backup.py --backups 5

Fills a database, publishes at a steady rate, and in turn measures without a backup, with one, without one again, and
with one that is killed at a random instant. The ratio is the median of the rounds, each of which compares what was
measured within seconds: a machine that others use is in both. Prints a table and one line of JSON. Exit code 1 where
a backup lacks what was acknowledged before it began, is not sound, or a killed one left anything under its name.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common
import uvloop
from needlework.bus.bus import Bus
from needlework.bus.errors import NotFound, StorageDamaged
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sqlite.backup import restore, verify
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import running_bus

COMMAND = [sys.executable, "-c", "from needlework.cli.main import main; main()"]


class Letter(Message[None], topic="bench.letter"):
    """A message of about a kilobyte."""

    text: str


@subscribe(Letter, runner="r0")
async def read_letter(message: Letter, ctx: Any) -> None:
    """Does nothing."""


def registry() -> Registry:
    """One topic, one runner."""
    policy = common.policies()
    policy["topics"] = {"bench.letter": {"summary": "benchmark", "permission": "permissionRead"}}
    return Registry.of(read_letter, policies=policy)


class Load:
    """Publishes at a steady rate, whatever the answers take, and notes how long each took from its instant."""

    def __init__(self, bus: Bus, rate: int) -> None:
        self.bus, self.rate = bus, rate
        self.took: list[float] = []
        self.acknowledged: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        start, count = time.perf_counter(), 0
        while True:
            while start + count / self.rate <= time.perf_counter():
                task = asyncio.create_task(self._one(start + count / self.rate))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                count += 1
            await asyncio.sleep(0.0005)

    async def _one(self, instant: float) -> None:
        letter = Letter(text=random.randbytes(450).hex())
        workspace = self.bus.workspaces.by_name["default"]
        receipt = await self.bus.publish(Publication(message=letter, workspace=workspace))
        self.took.append((time.perf_counter() - instant) * 1000)
        self.acknowledged.add(receipt.seq)

    def cut(self) -> list[float]:
        """Milliseconds of each publish since the last cut."""
        took, self.took = self.took, []
        return took


async def fill(bus: Bus, mebibytes: int) -> None:
    """Messages of a kilobyte, handled."""
    workspace = bus.workspaces.by_name["default"]
    for _ in range(mebibytes * 2):
        letters = [Letter(text=random.randbytes(450).hex()) for _ in range(500)]
        await bus.publish_all([Publication(message=letter, workspace=workspace) for letter in letters])
    await common.finished(bus)


async def back_up(directory: Path, target: Path, kill_after: float | None) -> int:
    """Run `needlework backup` beside the bus; its exit code."""
    words = ["backup", str(target), "--data", str(directory), "--json"]
    child = await asyncio.create_subprocess_exec(*COMMAND, *words, stdout=asyncio.subprocess.DEVNULL)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), kill_after)
    if child.returncode is None:
        child.kill()
    return await child.wait()


def broken(target: Path) -> bool:
    """Whether a killed backup left something under its name that is not whole."""
    try:
        verify(target, (), lambda name, done, of: None)
    except StorageDamaged:
        return True
    except NotFound:
        return False
    return False  # it was killed after its name was given


def missing(target: Path, before: set[int], folder: Path) -> int:
    """How many of `before` the restored backup lacks."""
    restore(target, folder, (), lambda name, done, of: None)
    connection = sqlite3.connect(folder / "needlework.db")
    found = {row[0] for row in connection.execute("SELECT seq FROM messages")}
    connection.close()
    return len(before - found)


async def measure(options: argparse.Namespace, root: Path) -> dict[str, Any]:
    """The rounds."""
    alone: list[float] = []
    beside: list[float] = []
    ratios: list[float] = []
    lacking = killed = left = whole = 0
    seconds: list[float] = []
    async with running_bus(registry(), root / "data") as bus:
        await fill(bus, options.mebibytes)
        load = Load(bus, options.rate)
        running = asyncio.create_task(load.run())
        for number in range(options.backups):
            load.cut()
            await asyncio.sleep(options.quiet / 2)
            quiet = load.cut()
            before, start, target = set(load.acknowledged), time.perf_counter(), root / f"copy{number}"
            code = await back_up(root / "data", target, None)
            seconds.append(time.perf_counter() - start)
            during = load.cut()
            await asyncio.sleep(options.quiet / 2)
            quiet += load.cut()
            alone, beside = alone + quiet, beside + during
            ratios.append(common.percentile(during, 0.99) / common.percentile(quiet, 0.99))
            whole += code == 0
            lacking += await asyncio.to_thread(missing, target, before, root / f"new{number}")
            target = root / f"killed{number}"
            if await back_up(root / "data", target, random.uniform(0.3, max(0.4, seconds[-1]))):
                killed += 1
                left += await asyncio.to_thread(broken, target)
        running.cancel()
        await asyncio.wait({running})
        size = (root / "data" / "needlework.db").stat().st_size
        log = (root / "data" / "needlework.db-wal").stat().st_size
    return {
        "program": "backup", "backups": whole, "killed": killed, "acknowledged": len(load.acknowledged),
        "missing": lacking, "left_by_killed": left, "database_mib": round(size / 2**20, 1),
        "wal_mib": round(log / 2**20, 1), "backup_seconds": round(common.median(seconds), 2),
        "publish_p50_ms": round(common.median(alone), 2), "publish_p99_ms": round(common.percentile(alone, 0.99), 2),
        "beside_p50_ms": round(common.median(beside), 2), "beside_p99_ms": round(common.percentile(beside, 0.99), 2),
        "beside_max_ms": round(max(beside), 1),
        "p99_ratios": [round(ratio, 2) for ratio in ratios], "p99_ratio": round(common.median(ratios), 2),
        "met": whole == options.backups and not lacking and not left,
    }  # fmt: skip


def main() -> int:
    """Run, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backups", type=int, default=5)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second")
    parser.add_argument("--mebibytes", type=int, default=100, help="of messages in the database before")
    parser.add_argument("--quiet", type=float, default=4.0, help="seconds measured without a backup in each round")
    options = parser.parse_args()
    with common.scratch() as root:
        result = uvloop.run(measure(options, Path(root)))
    for name, value in result.items():
        print(f"{name:>16}  {value}")
    print(json.dumps(result))
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
