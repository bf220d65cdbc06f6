"""Resident memory: at rest with every built-in operation, while a backlog grows by publishing, after it was drained.

Run: uv run python benchmarks/memory.py
"""

from pathlib import Path

import common
import processes
import uvloop
from needlework import compose
from needlework.bus.testing import running_bus


async def _grow(count: int) -> dict[str, float]:
    with common.scratch() as directory:
        async with running_bus(common.registry(), Path(directory)) as bus:
            found = {"empty": common.rss()}
            await bus.pause("r0", "benchmark")
            await common.fill(bus, 20_000)  # the writer's caches have their size
            found["some"] = common.rss()
            await common.fill(bus, count)
            found["full"] = common.rss()
            await bus.resume("r0", "benchmark")
            await common.finished(bus)
            found["drained"] = common.rss()
    return found


def grow(count: int) -> dict[str, float]:
    """In a fresh process: MiB before, with 20,000 and with `count` more messages waiting, and after the drain."""
    return uvloop.run(_grow(count))


async def _rest() -> dict[str, float]:
    from needlework.http.app import build_app
    from needlework.http.settings import HttpSettings

    with common.scratch() as directory:
        options = {"groups": compose.handler_groups()}
        async with running_bus(compose.builtin_registry(), Path(directory), **options) as bus:
            build_app(bus, HttpSettings())
            return {"rest": common.rss()}


def rest() -> dict[str, float]:
    """In a fresh process: MiB of the whole service, started and idle."""
    return uvloop.run(_rest())


def bare() -> dict[str, float]:
    """In a fresh process: MiB of Python with this program's imports."""
    return {"bare": common.rss()}


def main() -> None:
    """Each in fresh processes, the median of three."""
    quick = common.options(__doc__).quick
    count = 10_000 if quick else 500_000
    found: dict[str, list[float]] = {}
    for _ in range(1 if quick else 3):
        for result in (processes.apart(bare), processes.apart(rest), processes.apart(grow, count)):
            for name, value in result.items():
                found.setdefault(name, []).append(value)
    at = {name: common.median(values) for name, values in found.items()}
    rows = [("the whole service at rest", "rest", "bare", "Python with the bus imported"),
            (f"{count:,} more waiting, published through the bus", "full", "some", "20,000 waiting"),
            (f"after {count:,} were drained", "drained", "some", "20,000 waiting")]  # fmt: skip
    common.report(
        [
            {"what": f"{what} (MiB)", "figure": round(at[name], 1), "ratio": at[name] / at[base],
             "reference": f"{text} ({at[base]:.0f} MiB)"}
            for what, name, base, text in rows
        ]
    )  # fmt: skip


if __name__ == "__main__":
    main()
