"""On an idle bus: from the call until the handler starts; how late delayed messages are, and whether one is early.

Run: uv run python benchmarks/latency.py
"""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import common
import uvloop
from needlework.bus.records import Publication
from needlework.bus.testing import running_bus

PAUSE = 0.004
"""Seconds of rest between two calls."""


async def starts(count: int) -> list[float]:
    """Milliseconds from calling `publish` until the handler's first line."""
    started: list[float] = []

    async def note(message: Any, ctx: Any) -> None:
        started.append(time.perf_counter())

    called: list[float] = []
    with common.scratch() as directory:
        async with running_bus(common.registry(handler=note), Path(directory)) as bus:
            workspace = bus.workspaces.by_name["default"]
            for n in range(count + 20):
                called.append(time.perf_counter())
                await bus.publish(Publication(message=common.Work(id="x", n=n), workspace=workspace))
                await asyncio.sleep(PAUSE)
            await common.finished(bus)
    return [(b - a) * 1000 for a, b in zip(called, started, strict=True)][20:]


def two_commits(count: int) -> list[float]:
    """Milliseconds of two durable transactions of one row each: store it, claim it."""
    took = []
    with common.scratch() as directory:
        connection = common.raw_connection(Path(directory))
        for _ in range(count + 20):
            start = time.perf_counter()
            now = time.time_ns() // 1000
            row = connection.execute(
                "INSERT INTO q (topic, body, created, due) VALUES ('bench.work', ?, ?, ?)", (common.BODY, now, now)
            ).lastrowid
            connection.execute("UPDATE q SET state = 1 WHERE id = ?", (row,))
            took.append((time.perf_counter() - start) * 1000)
            time.sleep(PAUSE)
        connection.close()
    return took[20:]


def instants(count: int, seconds: float) -> list[int]:
    """Microseconds from now at random within `seconds`, the same in each run."""
    source = random.Random(1)
    return [round((0.5 + source.random() * seconds) * 1_000_000) for _ in range(count)]


async def lateness(count: int, seconds: float) -> list[float]:
    """Milliseconds after its due time at which each delayed message's handler starts."""
    late: list[float] = []
    dues: list[int] = []

    async def note(message: Any, ctx: Any) -> None:
        late.append((time.time_ns() / 1000 - dues[message.n]) / 1000)

    with common.scratch() as directory:
        async with running_bus(common.registry(handler=note), Path(directory)) as bus:
            workspace = bus.workspaces.by_name["default"]
            now = bus.clock.now()
            dues.extend(now + instant for instant in instants(count, seconds))
            for n, due in enumerate(dues):
                await bus.publish(Publication(message=common.Work(id="x", n=n), workspace=workspace, due=due))
            await common.finished(bus)
    return late


async def timers(count: int, seconds: float) -> list[float]:
    """The same instants as bare timers of the event loop, in memory and with nothing stored."""
    late: list[float] = []
    loop = asyncio.get_running_loop()
    start = loop.time()

    def note(due: float) -> None:
        late.append((loop.time() - due) * 1000)

    for instant in instants(count, seconds):
        loop.call_at(start + instant / 1_000_000, note, start + instant / 1_000_000)
    await asyncio.sleep(seconds + 1)
    return late


def main() -> None:
    """References and measurements take turns, the median of three."""
    quick = common.options(__doc__).quick
    count, seconds = (50, 1.0) if quick else (500, 5.0)
    rounds: dict[str, list[list[float]]] = {"start": [], "commits": [], "late": [], "timers": []}
    for _ in range(1 if quick else 3):
        rounds["commits"].append(two_commits(count))
        rounds["start"].append(uvloop.run(starts(count)))
        rounds["timers"].append(uvloop.run(timers(count, seconds)))
        rounds["late"].append(uvloop.run(lateness(count, seconds)))

    def at(name: str, share: float) -> float:
        return common.median([common.percentile(values, share) for values in rounds[name]])

    rows = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        figure, raw = at("start", share), at("commits", share)
        row = {"what": f"idle: call until the handler starts, {name} (ms)", "figure": round(figure, 2),
               "ratio": figure / raw, "reference": f"two raw commits ({raw:.2f} ms)"}  # fmt: skip
        rows.append({**row, "goal": "<= 0.8", "met": figure / raw <= 0.8} if share == 0.5 else row)
    for name, share, goal in (("p50", 0.5, 2), ("p99", 0.99, 10)):
        figure, bare = at("late", share), at("timers", share)
        rows.append({"what": f"lateness of {count} delayed messages within {seconds:g} s, {name} (ms)",
                     "figure": round(figure, 2), "ratio": figure / bare,
                     "reference": f"bare loop timers ({bare:.2f} ms)",
                     "goal": f"<= {goal} ms", "met": figure <= goal})  # fmt: skip
    early = sum(1 for values in rounds["late"] for value in values if value < 0)
    rows.append({"what": "delayed messages that came early", "figure": early, "goal": "0", "met": early == 0})
    common.report(rows)


if __name__ == "__main__":
    main()
