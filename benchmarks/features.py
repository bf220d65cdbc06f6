"""What each feature costs, publishing and draining: order by key, deduplication, priority, progress, all of them.

Run: uv run python benchmarks/features.py
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import uvloop
from needlework.bus.records import Publication
from needlework.bus.testing import running_bus
from needlework.bus.workspaces import Workspace

COUNT, SECONDS, GOAL = 20_000, 2.0, 0.25
Make = Callable[[int, Workspace], Publication]


async def reporting(message: Any, ctx: Any) -> None:
    """A handler that reports once."""
    await ctx.progress(1, 1)


def plain(n: int, workspace: Workspace) -> Publication:
    return Publication(message=common.Work(id=f"k{n % 1000}", n=n), workspace=workspace)


def keyed(n: int, workspace: Workspace) -> Publication:
    return Publication(message=common.Keyed(id=f"k{n % 1000}", n=n), workspace=workspace)


def deduplicated(n: int, workspace: Workspace) -> Publication:
    return Publication(
        message=common.Work(id=f"k{n % 1000}", n=n), workspace=workspace, idempotency_key=f"{n:012d}-0123456789"
    )


def urgent(n: int, workspace: Workspace) -> Publication:
    return Publication(message=common.Work(id=f"k{n % 1000}", n=n), workspace=workspace, priority=n % 3)


def everything(n: int, workspace: Workspace) -> Publication:
    return Publication(
        message=common.Keyed(id=f"k{n % 1000}", n=n), workspace=workspace, priority=n % 1000 % 3,
        idempotency_key=f"{n:012d}-0123456789",
    )  # fmt: skip


FEATURES: dict[str, tuple[Make, Callable[..., Any]]] = {
    "plain": (plain, common.nothing),
    "order by key": (keyed, common.nothing),
    "deduplication": (deduplicated, common.nothing),
    "three priorities": (urgent, common.nothing),
    "progress": (plain, reporting),
    "all of them": (everything, reporting),
}


async def measure(make: Make, handler: Callable[..., Any], count: int, seconds: float) -> tuple[float, float]:
    """(publishes a second by 64 tasks, drained messages a second)."""
    with common.scratch() as directory:
        async with running_bus(common.registry(handler=handler), Path(directory)) as bus:
            workspace = bus.workspaces.by_name["default"]
            numbers = itertools.count()
            await bus.pause("r0", "benchmark")
            published, start = 0, time.perf_counter()

            async def publish() -> None:
                nonlocal published
                while time.perf_counter() < start + seconds:
                    await bus.publish(make(next(numbers), workspace))
                    published += 1

            await asyncio.gather(*(publish() for _ in range(64)))
            rate = published / (time.perf_counter() - start)
    with common.scratch() as directory:
        async with running_bus(common.registry(handler=handler), Path(directory)) as bus:
            workspace = bus.workspaces.by_name["default"]
            await bus.pause("r0", "benchmark")
            for first in range(0, count, 500):
                await bus.publish_all([make(n, workspace) for n in range(first, first + 500)])
            start = time.perf_counter()
            await bus.resume("r0", "benchmark")
            await common.finished(bus)
            return rate, count / (time.perf_counter() - start)


def main() -> None:
    """The features take turns with plain messages, the median of three."""
    quick = common.options(__doc__).quick
    count, seconds = (2_000, 0.2) if quick else (COUNT, SECONDS)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in FEATURES}
    for _ in range(1 if quick else 3):
        for name, (make, handler) in FEATURES.items():
            found[name].append(uvloop.run(measure(make, handler, count, seconds)))
    rows = []
    for part, step in enumerate(("publish, 64 tasks", "drain")):
        base = common.median([pair[part] for pair in found["plain"]])
        for name in list(FEATURES)[1:]:
            if name == "progress" and step != "drain":
                continue  # publishing is the same
            figure = common.median([pair[part] for pair in found[name]])
            rows.append({"what": f"{step}: {name} (messages/s)", "figure": round(figure), "ratio": figure / base,
                         "reference": f"plain ({base:,.0f}/s)", "goal": f">= {1 - GOAL:.2f}",
                         "met": figure / base >= 1 - GOAL})  # fmt: skip
    common.report(rows)


if __name__ == "__main__":
    main()
