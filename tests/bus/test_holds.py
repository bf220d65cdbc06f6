"""What holds work back and is changed meanwhile: nothing that may run is forgotten, nothing that may not runs."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import StorageError
from needlework.bus.messages import Message
from needlework.bus.records import Delivery
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

SEEN: list[str] = []
GATES: dict[str, asyncio.Event] = {}


class Left(Message[None], topic="h.left"):
    """Taken by the runner `left`."""

    name: str


class Right(Message[None], topic="h.right"):
    """Taken by the runner `right`."""

    name: str


@subscribe(Left, runner="left")
@subscribe(Right, runner="right")
async def use(message: Left | Right, ctx: Context) -> None:
    """Wait for the gate of that name, where there is one."""
    SEEN.append(message.name)
    if message.name in GATES:
        await GATES[message.name].wait()


def limited(**limit: Any) -> Any:
    """Both topics under one limit."""
    both = {"limits": ["one"], "automatic": True}
    return kit.registry(use, limits={"one": limit}, h__left=both, h__right=both)


@pytest.fixture(autouse=True)
def clean() -> None:
    SEEN.clear()
    GATES.clear()


@pytest.mark.parametrize("pause", [("runner", "left"), ("topic", "h.left"), None])
async def test_a_limit_that_frees_while_its_next_waiter_is_held_back_lets_the_one_behind_it_start(
    tmp_path: Path, pause: tuple[str, str] | None
) -> None:
    """Story: the paused one was let go, did not start, and nobody behind it was told that the limit was free."""
    GATES["first"] = asyncio.Event()
    async with running_bus(limited(concurrency=1), tmp_path) as bus:
        await kit.publish(bus, Right("first"))
        await kit.until(lambda: SEEN == ["first"])
        waiting = bus.dispatcher.limits.limits["one"].waiting
        held = await kit.publish(bus, Left("held"))
        await kit.until(lambda: len(waiting) == 1)
        await kit.publish(bus, Right("behind"), waited=True)  # a caller waits: disabled ticks do not hold it
        await kit.until(lambda: len(waiting) == 2)
        if pause is not None:
            await bus.pause(pause[1], "me", kind=pause[0])
        else:
            await bus.workspaces.set_config(kit.DEFAULT, {"tick": {"disable": True}}, "me")
        GATES["first"].set()
        await kit.until(lambda: SEEN == ["first", "behind"])
        assert await kit.state(bus, held) in ("parked", "waiting", "running")
        if pause is not None:
            await bus.resume(pause[1], "me", kind=pause[0])
        else:
            await bus.workspaces.set_config(kit.DEFAULT, {}, "me")
        await kit.until(lambda: SEEN == ["first", "behind", "held"])
        await drain(bus)
        assert bus.dispatcher.limits.limits["one"].used == 0


async def test_a_limit_lets_as_many_start_after_a_pause_as_it_has_room_for(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d", "e"]
    for name in ("first", "second", "third", *names):
        GATES[name] = asyncio.Event()
    async with running_bus(limited(concurrency=3), tmp_path) as bus:
        for name in ("first", "second", "third"):
            await kit.publish(bus, Right(name))
        await kit.until(lambda: len(SEEN) == 3)
        for name in names:
            await kit.publish(bus, Left(name))
        await kit.until(lambda: len(bus.dispatcher.limits.limits["one"].waiting) == 5)
        await bus.pause("left", "me")
        for name in ("first", "second", "third"):
            GATES[name].set()
        await drain_to(bus, 0)
        await bus.resume("left", "me")
        await kit.until(lambda: SEEN[3:] == ["a", "b", "c"])
        for name in names:
            GATES[name].set()
        await drain(bus)
        assert SEEN[3:] == names


async def drain_to(bus: Any, used: int) -> None:
    """Until so many run under the limit."""
    await kit.until(lambda: bus.dispatcher.limits.limits["one"].used == used)


async def test_a_rate_whose_only_waiters_are_paused_wakes_nobody_again_and_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running_bus(limited(rate="1/s"), tmp_path, clock=clock) as bus:
        await kit.publish(bus, Left("first"))
        await kit.until(lambda: SEEN == ["first"])
        await kit.publish(bus, Left("second"))
        limit = bus.dispatcher.limits.limits["one"]
        await kit.until(lambda: limit.waiting)
        await bus.pause("left", "me")
        clock.advance(5)
        assert limit.timer is None
        await bus.resume("left", "me")
        await kit.until(lambda: SEEN == ["first", "second"])
        await drain(bus)


@pytest.mark.parametrize("hold", ["topic", "ticks"])
async def test_what_is_parked_late_because_the_disk_refused_does_not_outlive_its_hold(
    tmp_path: Path, clock: ManualClock, hold: str
) -> None:
    """Story: parked for a pause that had been lifted while the disk refused, it was never looked at again."""
    registry = kit.registry(use, runners={"left": kit.runner(concurrency=1)}, h__left={"automatic": True})
    GATES["first"] = asyncio.Event()
    async with running_bus(registry, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Left("first"))
        await kit.publish(bus, Left("second"))
        await kit.until(lambda: SEEN == ["first"])
        if hold == "topic":
            await bus.pause("h.left", "me", kind="topic")
        else:
            await bus.workspaces.set_config(kit.DEFAULT, {"tick": {"disable": True}}, "me")
        park, refused = bus.store.park, []

        async def refuse_once(delivery: Delivery, reason: str) -> None:
            if not refused:
                refused.append(reason)
                raise StorageError("the disk refused")
            await park(delivery, reason)

        bus.store.park = refuse_once  # type: ignore[method-assign]
        GATES["first"].set()
        await kit.until(lambda: refused)
        if hold == "topic":
            await bus.resume("h.left", "me", kind="topic")
        else:
            await bus.workspaces.set_config(kit.DEFAULT, {}, "me")
        await kit.pass_time(bus, clock, 1)
        await kit.until(lambda: SEEN == ["first", "second"])
        assert await kit.rows(bus, "SELECT * FROM parked") == []


async def test_of_two_readings_of_the_workspaces_at_once_the_older_never_wins(tmp_path: Path) -> None:
    """Story: a slow read for an unknown name undid what was configured meanwhile, until the next change."""
    async with running_bus(kit.registry(use), tmp_path) as bus:
        read, begun, go = bus.workspaces._read, asyncio.Event(), asyncio.Event()

        async def slow_once(statement: Statement) -> Sequence[Any]:
            rows = await read(statement)
            if not begun.is_set():
                begun.set()
                await go.wait()
            return rows

        bus.workspaces._read = slow_once
        asking = asyncio.create_task(bus.workspaces.get("nobody"))
        await begun.wait()
        setting = asyncio.create_task(bus.workspaces.set_config(kit.DEFAULT, {"tick": {"disable": True}}, "me"))
        await kit.until_found(bus, "SELECT config LIKE '%true%' FROM workspaces")
        for _ in range(20):
            await asyncio.sleep(0)
        go.set()
        await asyncio.gather(asking, setting)
        assert bus.controls.disabled == {1}
        assert bus.workspaces.ticks_disabled(1)
