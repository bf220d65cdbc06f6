"""A slow disk below one bus: syncs of 300 ms, writes of 20 ms (fault F8).

    python benchmarks/faults/slow.py --seconds 20

Many callers publish, far more than the disk can follow: each sync must carry many of them, the event loop must not
wait for the disk, and the queue must end in refusals (429), not in memory. Prints a table and one line of JSON.
Exit code 1 where the loop waited, a sync carried fewer than 64 publishes, or the queue was not bounded.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "crash"))

import uvloop
from crash_disk import Disk, disk
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import OverBudget
from needlework.bus.messages import Message
from needlework.bus.publishing import OVERLOAD
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import running_bus


class Load(Message[None], topic="load"):
    """A number."""

    number: int


@subscribe(Load, runner="work")
async def load(message: Load, context: Context) -> None:
    """Nothing."""


def registry() -> Registry:
    """One topic, one runner."""
    topics = {"load": {"summary": "x", "permission": "permissionTasksWrite"}}
    return Registry.of(load, policies={"runners": {"work": {"description": "x"}}, "topics": topics})


class Run:
    """What the callers and the loop saw."""

    def __init__(self, bus: Bus, seconds: float) -> None:
        self.bus, self.end = bus, time.monotonic() + seconds
        self.published = self.refused = self.longest = 0
        self.lags: list[float] = []

    async def call(self) -> None:
        """Publish one after the other, as somebody outside."""
        workspace = self.bus.workspaces.by_name["default"]
        while time.monotonic() < self.end:
            publication = Publication(message=Load(number=0), workspace=workspace, principal="somebody")
            try:
                await self.bus.publish(publication)
                self.published += 1
            except OverBudget:
                self.refused += 1
                await asyncio.sleep(0.5)

    async def watch(self) -> None:
        """How late the loop is, and how much waits."""
        while time.monotonic() < self.end:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            self.lags.append(time.monotonic() - began - 0.005)
            self.longest = max(self.longest, self.bus.store.writer.waiting)


async def measure(orders: Disk, folder: Path, callers: int, seconds: float) -> dict[str, object]:
    """One run: first with a queue that overflows, as many callers as it takes."""
    async with running_bus(registry(), folder) as bus:
        orders.set(sync_delay=300_000, write_delay=20_000)
        run, syncs, commits = Run(bus, seconds), orders["log_syncs"], bus.store.writer.commits
        async with asyncio.TaskGroup() as group:
            group.create_task(run.watch())
            for count in range(callers):
                group.create_task(run.call())
                if count % 500 == 499:
                    await asyncio.sleep(0)
        syncs, commits = orders["log_syncs"] - syncs, bus.store.writer.commits - commits
        orders.heal()
    lags = sorted(run.lags)
    return {
        "program": "slow", "callers": callers, "published": run.published, "log_syncs": syncs, "commits": commits,
        "publishes_a_sync": round(run.published / max(1, syncs), 1), "refused_429": run.refused,
        "longest_queue": run.longest, "loop_lag_p99_ms": round(lags[int(len(lags) * 0.99)] * 1000, 1),
        "loop_lag_max_ms": round(lags[-1] * 1000, 1),
    }  # fmt: skip


def attached() -> Disk:
    """The page of orders that this process was started with."""
    return Disk(Path(os.environ["DISK_UNDER"]), Path(os.environ["DISK_CONTROL"]))


def main() -> int:
    """Start itself again on the slow disk; print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--callers", type=int, default=OVERLOAD + 5000)
    options = parser.parse_args()
    if "DISK_CONTROL" not in os.environ:
        with tempfile.TemporaryDirectory(prefix="needlework-slow-") as name, disk(Path(name)) as one:
            return subprocess.run([sys.executable, *sys.argv], env={**os.environ, **one.environment}).returncode
    one = attached()
    folder = one.under / "data"
    folder.mkdir()
    work = measure(one, folder, options.callers, options.seconds)
    result = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(work)
    one.close()
    for name, value in result.items():
        print(f"{name:>16}  {value}")
    print(json.dumps(result))
    held = result["loop_lag_p99_ms"] < 50 and result["publishes_a_sync"] >= 64  # type: ignore[operator]
    bounded = result["longest_queue"] <= OVERLOAD + 2000 and (options.callers <= OVERLOAD or result["refused_429"])  # type: ignore[operator]
    return int(not (held and bounded))


if __name__ == "__main__":
    sys.exit(main())
