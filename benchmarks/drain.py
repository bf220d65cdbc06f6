"""Drain of 20,000 waiting no-ops until the last ack is committed; publish + handle with 1 and 10 runners.

Run: uv run python benchmarks/drain.py
"""

import asyncio
import time
from pathlib import Path

import common
import uvloop
from needlework.bus.records import Publication
from needlework.bus.testing import running_bus

COUNT = 20_000


async def drain(count: int) -> float:
    """Deliveries a second from a backlog to the last committed ack."""
    with common.scratch() as directory:
        async with running_bus(common.registry(), Path(directory)) as bus:
            await bus.pause("r0", "benchmark")
            await common.fill(bus, count)
            start = time.perf_counter()
            await bus.resume("r0", "benchmark")
            await common.finished(bus)
            return count / (time.perf_counter() - start)


async def publish_and_handle(runners: int, count: int) -> float:
    """Messages a second, published by 64 tasks and handled by every runner."""
    with common.scratch() as directory:
        async with running_bus(common.registry(runners), Path(directory)) as bus:
            workspace = bus.workspaces.by_name["default"]

            async def one() -> None:
                for n in range(count // 64):
                    await bus.publish(Publication(message=common.Work(id="x", n=n), workspace=workspace))

            start = time.perf_counter()
            await asyncio.gather(*(one() for _ in range(64)))
            await common.finished(bus)
            return count // 64 * 64 / (time.perf_counter() - start)


def main() -> None:
    """References and measurements take turns, the median of three."""
    quick = common.options(__doc__).quick
    count = 2_000 if quick else COUNT
    raws, drains, one, ten = [], [], [], []
    for _ in range(1 if quick else 3):
        with common.scratch() as directory:
            raws.append(common.raw_drain(Path(directory), count))
        drains.append(uvloop.run(drain(count)))
        one.append(uvloop.run(publish_and_handle(1, count)))
        ten.append(uvloop.run(publish_and_handle(10, count)))
    raw, drained, single, tenfold = map(common.median, (raws, drains, one, ten))
    common.report([
        {"what": "drain of 20,000 no-ops (messages/s)", "figure": round(drained), "ratio": drained / raw,
         "reference": f"RAW claim+ack in hundreds ({raw:,.0f}/s)", "goal": ">= 1.5", "met": drained / raw >= 1.5},
        {"what": "publish + handle, one runner (messages/s)", "figure": round(single)},
        {"what": "publish + handle, ten runners (messages/s)", "figure": round(tenfold), "ratio": tenfold / single,
         "reference": "one runner", "goal": ">= 0.5", "met": tenfold / single >= 0.5},
    ])  # fmt: skip


if __name__ == "__main__":
    main()
