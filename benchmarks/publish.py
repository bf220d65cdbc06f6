"""Durable publish by 1, 64 and 1,000 tasks, beside raw sqlite3 with the same durability.

Run: uv run python benchmarks/publish.py
"""

import asyncio
import time
from pathlib import Path

import common
import uvloop
from needlework.bus.bus import Bus
from needlework.bus.records import Publication
from needlework.bus.testing import running_bus

SECONDS = 2.0


async def publishing(bus: Bus, tasks: int, seconds: float) -> float:
    """Messages a second by `tasks` tasks, each waiting for its acknowledgement before the next."""
    workspace = bus.workspaces.by_name["default"]
    end = time.perf_counter() + seconds
    count = 0

    async def one() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await bus.publish(
                Publication(message=common.Work(id="conv_01HZZZZZZZZZZZZZZZZZZZZZZZ", n=1), workspace=workspace)
            )
            count += 1

    start = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(tasks)))
    return count / (time.perf_counter() - start)


async def measure(tasks: int, seconds: float) -> float:
    """A fresh bus whose runner is paused: publishing alone."""
    with common.scratch() as directory:
        async with running_bus(common.registry(), Path(directory)) as bus:
            await bus.pause("r0", "benchmark")
            await publishing(bus, tasks, 0.3)
            return await publishing(bus, tasks, seconds)


def main() -> None:
    """References and measurements take turns, the median of three."""
    quick = common.options(__doc__).quick
    rows = []
    for tasks, raw_rows, goal in ((1, 1, 0.60), (64, 64, 0.55), (1000, 64, 0.0)):
        raws, ours = [], []
        for _ in range(1 if quick else 3):
            with common.scratch() as directory:
                raws.append(common.raw_publish(Path(directory), 0.2 if quick else 1.0, raw_rows))
            ours.append(uvloop.run(measure(tasks, 0.2 if quick else SECONDS)))
        figure, raw = common.median(ours), common.median(raws)
        row = {"what": f"durable publish, {tasks} tasks (messages/s)", "figure": round(figure), "ratio": figure / raw,
               "reference": f"RAW {raw_rows} a transaction ({raw:,.0f}/s)"}  # fmt: skip
        rows.append({**row, "goal": f">= {goal:.2f}", "met": figure / raw >= goal} if goal else row)
    common.report(rows)


if __name__ == "__main__":
    main()
