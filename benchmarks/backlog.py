"""Start with a million ready messages: start time, publishes and claims beside them, memory. `--rows 5000000` for more.

Run: uv run python benchmarks/backlog.py [--rows N]
"""

import time
from pathlib import Path
from typing import Any

import common
import filled
import processes
import uvloop
from needlework.bus.bus import Bus
from needlework.bus.records import Publication

SECONDS = 3.0
"""How long to publish: the upkeep that runs each second is in it."""


async def _restarted(directory: Path, seconds: float, handled: int) -> dict[str, float]:
    start = time.perf_counter()
    bus = await Bus.open(directory, common.registry())
    await bus.pause("r0", "benchmark")
    await bus.start()
    found = {"start": (time.perf_counter() - start) * 1000, "opened": common.rss()}
    try:
        workspace = bus.workspaces.by_name["default"]
        took, end = [], time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            await bus.publish(Publication(message=common.Work(id="x"), workspace=workspace))
            took.append((time.perf_counter() - start) * 1000)
        found["publish"], found["publish worst"] = common.percentile(took, 0.99), max(took)
        if handled:
            found.update(await _claiming(bus, handled))
            found["drained"] = common.rss()
    finally:
        await bus.stop()  # else its writer keeps this process alive for ever
    return found


async def _claiming(bus: Bus, handled: int) -> dict[str, float]:
    """How long each page takes that is read and put into the window, while `handled` messages are worked off."""
    pages: list[float] = []
    take = bus.store.take

    async def timed(*args: Any) -> Any:
        start = time.perf_counter()
        page = await take(*args)
        pages.append((time.perf_counter() - start) * 1000)
        return page

    bus.store.take = timed  # type: ignore[method-assign]
    left = sum(bus.backlog.values()) - handled
    start = time.perf_counter()
    await bus.resume("r0", "benchmark")
    while sum(bus.backlog.values()) > max(0, left):
        await common.rest()
    rate = handled / (time.perf_counter() - start)
    await bus.pause("r0", "benchmark")
    return {"claim": common.percentile(pages, 0.99), "rate": rate}


def measure(directory: Path, seconds: float, handled: int) -> dict[str, float]:
    """In a fresh process: everything about one restart."""
    return uvloop.run(_restarted(directory, seconds, handled))


def main() -> None:
    """Three copies of either backlog take turns, the median of three."""
    options = common.options(__doc__, rows=1_000_000)
    quick = options.quick
    many, few, handled = (20_000, 3_000, 2_000) if quick else (options.rows, 60_000, 50_000)
    seconds = 0.3 if quick else SECONDS
    found: dict[int, list[dict[str, float]]] = {0: [], few: [], many: []}
    size = 0.0
    for _ in range(1 if quick else 3):
        for rows, results in found.items():
            with common.scratch() as directory:
                filled.build(Path(directory), rows)
                size = processes.size_of(Path(directory))
                results.append(processes.apart(measure, Path(directory), seconds, handled if rows else 0))

    def at(rows: int, name: str) -> float:
        return common.median([result[name] for result in found[rows]])

    def row(what: str, name: str, digits: int, reference: int) -> dict[str, Any]:
        figure, other = at(many, name), at(reference, name)
        beside = f"{reference:,} ready ({other:,.{digits}f})" if reference else f"none ready ({other:,.{digits}f})"
        return {"what": what, "figure": round(figure, digits or None), "ratio": figure / other, "reference": beside}

    ready = f"{many:,} ready"
    common.report(
        [
            row(f"open and start with {ready}, {size:,.0f} MiB on disk (ms)", "start", 1, 0),
            row(f"publish beside {ready}, p99 (ms)", "publish", 2, 0),
            row(f"publish beside {ready}, the worst (ms)", "publish worst", 1, 0),
            row(f"claim of a page of 512 from {ready}, p99 (ms)", "claim", 1, few),
            row(f"drain of the first {handled:,} of {ready} (messages/s)", "rate", 0, few),
            row(f"memory with {ready} after the start (MiB)", "opened", 1, 0),
            row(f"memory with {ready} after {handled:,} were handled (MiB)", "drained", 1, few),
        ]
    )


if __name__ == "__main__":
    main()
