"""A million delayed messages wait: what a claim, a start and memory cost beside a thousand of them.

Run: uv run python benchmarks/delayed.py
"""

import time
from pathlib import Path
from typing import Any

import common
import filled
import processes
import uvloop
from needlework.bus.bus import Bus

CLAIMS = 20_000


async def _opened(directory: Path, claims: int) -> dict[str, float]:
    before = common.rss()
    start = time.perf_counter()
    bus = await Bus.open(directory, common.registry())
    await bus.start()
    took = time.perf_counter() - start
    opened = common.rss()
    waiting = sum(bus.backlog.values())
    await bus.pause("r0", "benchmark")
    await common.fill(bus, claims)
    start = time.perf_counter()
    await bus.resume("r0", "benchmark")
    while sum(bus.backlog.values()) > waiting:
        await common.rest()
    drained = time.perf_counter() - start
    found = {
        "start": took * 1000,
        "claim": drained / claims * 1_000_000,
        "opened": opened - before,
        "after": common.rss(),
    }
    await bus.stop()
    return found


def measure(directory: Path, claims: int) -> dict[str, float]:
    """In a fresh process: open and start (ms), claims beside what is delayed (µs each), memory (MiB)."""
    return uvloop.run(_opened(directory, claims))


def main() -> None:
    """A thousand and a million take turns, the median of three."""
    quick = common.options(__doc__).quick
    many, claims = (20_000, 2_000) if quick else (1_000_000, CLAIMS)
    found: dict[int, list[dict[str, float]]] = {1_000: [], many: []}
    with common.scratch() as scratch:
        for rows in found:
            (Path(scratch) / str(rows)).mkdir()
            filled.build(Path(scratch) / str(rows), rows, delay=filled.DAY)
        for _ in range(1 if quick else 3):
            for rows, results in found.items():
                results.append(processes.apart(measure, Path(scratch) / str(rows), claims))

    def at(rows: int, name: str) -> float:
        return common.median([result[name] for result in found[rows]])

    claim, few = at(many, "claim"), at(1_000, "claim")
    start, memory = at(many, "start"), at(many, "after") - at(1_000, "after")
    rows: list[dict[str, Any]] = [
        {"what": f"claim, run, ack beside {many:,} delayed (µs a message)", "figure": round(claim, 1),
         "ratio": claim / few, "reference": f"a thousand delayed ({few:.1f} µs)", "goal": "<= 1.2",
         "met": claim / few <= 1.2},
        {"what": f"open and start with {many:,} delayed (ms)", "figure": round(start, 1),
         "ratio": start / at(1_000, "start"), "reference": f"a thousand delayed ({at(1_000, 'start'):.1f} ms)",
         "goal": "<= 50 ms", "met": start <= 50},
        {"what": f"memory that {many:,} delayed add to a thousand (MiB)", "figure": round(memory, 1),
         "ratio": at(many, "after") / at(1_000, "after"),
         "reference": f"a thousand delayed ({at(1_000, 'after'):.0f} MiB in all)", "goal": "<= 10 MiB",
         "met": memory <= 10},
    ]  # fmt: skip
    common.report(rows)


if __name__ == "__main__":
    main()
