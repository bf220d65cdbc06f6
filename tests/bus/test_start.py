"""What a start does beside others: nothing that waits is forgotten."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import StorageError
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

SEEN: list[int] = []


class Do(Message[Any], topic="t.do"):
    """Be counted."""

    n: int


@subscribe(Do, runner="one")
async def do(message: Do, ctx: Context) -> None:
    """Count it."""
    SEEN.append(message.n)


REGISTRY = kit.registry(do)


async def test_a_queue_that_is_woken_before_its_lanes_are_known_forgets_nothing(tmp_path: Path) -> None:
    """A timer or another's commit woke a queue while its lanes were read: it took itself for empty, and what waited
    from before the start waited until the next start."""
    SEEN.clear()
    async with running_bus(REGISTRY, tmp_path, runners=[]) as bus:
        await kit.publish(bus, Do(1))
        lanes = bus.store.lanes

        async def woken(lane: Any) -> Any:
            found = await lanes(lane)
            bus.dispatcher.queues[lane.name].wake()
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # what it began has ended
            return found

        bus.store.lanes = woken  # type: ignore[method-assign]
        await bus.dispatcher.start(["one"])
        await drain(bus, seconds=5)
    assert SEEN == [1]


async def test_who_wakes_the_sharing_during_its_first_take_does_not_make_it_take_twice(tmp_path: Path) -> None:
    """Another process came or went while the first share was taken: the runners were claimed again, got a second
    queue, and everything ran twice at once. Kills of whole fleets showed it."""
    SEEN.clear()
    async with running_bus(REGISTRY, tmp_path, runners=[]) as bus:
        for number in range(3):
            await kit.publish(bus, Do(number))
    bus = await Bus.open(tmp_path, REGISTRY)
    failures: list[str] = []
    bus.failed = lambda name, error: failures.append(f"{name}: {error!r}")
    claim = bus.store.shared.claim

    async def woken(*arguments: Any) -> Any:
        bus.sharing.wake()
        claimed = await claim(*arguments)
        await asyncio.sleep(0)
        return claimed

    bus.store.shared.claim = woken  # type: ignore[method-assign]
    await bus.attach("worker")
    await drain(bus)
    await bus.stop(1)
    assert (SEEN, failures) == ([0, 1, 2], [])


async def test_who_looks_for_the_dead_twice_at_once_takes_their_runners_once(tmp_path: Path) -> None:
    """Two workspaces' ticks, or a tick and a neighbour's death: the second one claimed what the first was taking up."""
    SEEN.clear()
    async with running_bus(REGISTRY, tmp_path, runners=[]) as bus:
        await kit.publish(bus, Do(1))
    bus = await Bus.open(tmp_path, REGISTRY)
    failures: list[str] = []
    bus.failed = lambda name, error: failures.append(f"{name}: {error!r}")
    take = bus.sharing._take
    bus.sharing._take = _nothing  # type: ignore[method-assign]
    await bus.attach("worker")
    bus.sharing._take = take  # type: ignore[method-assign]
    looks = [asyncio.create_task(bus.sharing.take_over()) for _ in range(2)]
    await asyncio.sleep(0)
    bus.sharing.wake()
    await asyncio.gather(*looks)
    await drain(bus)
    owners = await kit.rows(bus, "SELECT fence FROM owners")
    await bus.stop(1)
    assert (SEEN, failures, {fence for (fence,) in owners}) == ([1], [], {1})


async def _nothing() -> int:
    return 0


async def test_a_runner_whose_lanes_could_not_be_read_at_once_runs_all_the_same(tmp_path: Path) -> None:
    """The disk refused one read after the runner was ours: nobody looked again, and it ran nothing until a restart."""
    SEEN.clear()
    clock = ManualClock()
    async with running_bus(REGISTRY, tmp_path, clock=clock, runners=[]) as bus:
        await kit.publish(bus, Do(1))
    bus = await Bus.open(tmp_path, REGISTRY, clock=clock)
    lanes, refusals = bus.store.lanes, [StorageError("no descriptor is left", retry_after=1)]

    async def refused(lane: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return await lanes(lane)

    bus.store.lanes = refused  # type: ignore[method-assign]
    attached = asyncio.create_task(bus.attach("worker"))
    await kit.until(lambda: not refusals)
    while not attached.done():
        clock.advance(1)
        await asyncio.sleep(0)
    await attached
    await drain(bus)
    await bus.stop(1)
    assert SEEN == [1]
