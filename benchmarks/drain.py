"""Drain of 20,000 waiting no-ops until the last ack is committed; publish + handle with 1 and 10 runners.

Run: uv run python benchmarks/drain.py
"""

import asyncio
import time
from pathlib import Path

import common
import uvloop
from needlework.bus.bus import Bus
from needlework.bus.records import Publication
from needlework.bus.testing import running_bus

COUNT = 20_000


async def finished(bus: Bus) -> None:
    """Until no delivery is unfinished."""
    while any(bus.backlog.values()):
        await asyncio.sleep(0.004)


async def fill(bus: Bus, count: int, message: type = common.Work) -> None:
    """Publish `count` messages in lists."""
    workspace = bus.workspaces.by_name["default"]
    for start in range(0, count, 500):
        await bus.publish_all(
            [
                Publication(message=message(id=f"k{n % 1000}", n=n), workspace=workspace)
                for n in range(start, start + 500)
            ]
        )


async def drain(message: type = common.Work) -> float:
    """Deliveries a second from a backlog to the last committed ack."""
    with common.scratch() as directory:
        async with running_bus(common.registry(), Path(directory)) as bus:
            await bus.pause("r0", "benchmark")
            await fill(bus, COUNT, message)
            start = time.perf_counter()
            await bus.resume("r0", "benchmark")
            await finished(bus)
            return COUNT / (time.perf_counter() - start)


async def publish_and_handle(runners: int) -> float:
    """Messages a second, published by 64 tasks and handled by every runner."""
    with common.scratch() as directory:
        async with running_bus(common.registry(runners), Path(directory)) as bus:
            workspace = bus.workspaces.by_name["default"]

            async def one(count: int) -> None:
                for n in range(count):
                    await bus.publish(Publication(message=common.Work(id="x", n=n), workspace=workspace))

            start = time.perf_counter()
            await asyncio.gather(*(one(COUNT // 64) for _ in range(64)))
            await finished(bus)
            return COUNT / (time.perf_counter() - start)


def main() -> None:
    """References and measurements take turns, the median of three."""
    raws, drains, one, ten = [], [], [], []
    for _ in range(3):
        with common.scratch() as directory:
            raws.append(common.raw_drain(Path(directory), COUNT))
        drains.append(uvloop.run(drain()))
        one.append(uvloop.run(publish_and_handle(1)))
        ten.append(uvloop.run(publish_and_handle(10)))
    raw, drained, single, tenfold = map(common.median, (raws, drains, one, ten))
    common.report([
        {"what": "drain of 20,000 no-ops (messages/s)", "figure": round(drained), "ratio": drained / raw,
         "reference": f"RAW claim+ack in hundreds ({raw:,.0f}/s)", "goal": ">= 1.5"},
        {"what": "publish + handle, one runner (messages/s)", "figure": round(single)},
        {"what": "publish + handle, ten runners (messages/s)", "figure": round(tenfold), "ratio": tenfold / single,
         "reference": "one runner", "goal": ">= 0.5"},
    ])  # fmt: skip


if __name__ == "__main__":
    main()
