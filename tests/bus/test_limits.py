"""Shared limits: at most so many at once, at most so many starts; over it work waits and is never dropped."""

import asyncio
from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.limits import WAITING_IN_MEMORY
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

SEEN: list[str] = []
GATES: dict[str, asyncio.Event] = {}


class One(Message[None], topic="t.one"):
    """Takes the limit `a`."""

    name: str = ""


class Two(Message[None], topic="t.two"):
    """Takes the limits `a` and `b`."""

    name: str = ""


class Only(Message[None], topic="t.only"):
    """Takes the limit `b` until its gate opens."""

    name: str = ""


@subscribe(One, runner="r")
@subscribe(Two, runner="r")
@subscribe(Only, runner="r")
async def use(message: One | Two | Only, ctx: Context) -> None:
    """Wait for the gate of that name, where there is one."""
    SEEN.append(message.name)
    if message.name in GATES:
        await GATES[message.name].wait()


LIMITS = {"a": {"concurrency": 1}, "b": {"concurrency": 1}}
REGISTRY = kit.registry(
    use, limits=LIMITS, t__one={"limits": ["a"]}, t__two={"limits": ["a", "b"]}, t__only={"limits": ["b"]}
)


@pytest.fixture(autouse=True)
def clean() -> None:
    SEEN.clear()
    GATES.clear()


async def test_more_than_fit_in_memory_wait_in_the_store_and_all_run(tmp_path: Path) -> None:
    """A limit parks what is over WAITING_IN_MEMORY; it must fetch all of it again, not one page."""
    count = WAITING_IN_MEMORY * 4
    GATES["first"] = asyncio.Event()
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, One("first"))
        await kit.until(lambda: SEEN)
        await bus.publish_all([Publication(message=One(f"{n}"), workspace=kit.DEFAULT) for n in range(count)])
        await kit.until_found(bus, "SELECT count(*) FROM parked WHERE reason = 'limit:a'")
        GATES["first"].set()
        await drain(bus)
        await kit.until(lambda: len(SEEN) == count + 1)
        assert await kit.rows(bus, "SELECT * FROM parked") == []


async def test_what_a_limit_parked_before_a_restart_goes_on_after_it(tmp_path: Path) -> None:
    count = WAITING_IN_MEMORY * 2
    GATES["first"] = asyncio.Event()
    async with kit.doomed_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, One("first"))
        await kit.until(lambda: SEEN)
        await bus.publish_all([Publication(message=One(f"{n}"), workspace=kit.DEFAULT) for n in range(count)])
        await kit.until_found(bus, "SELECT count(*) FROM parked WHERE reason = 'limit:a'")
    GATES.clear()
    async with running_bus(REGISTRY, tmp_path) as bus:
        await drain(bus)
        await kit.until(lambda: len(set(SEEN)) == count + 1)
        assert await kit.rows(bus, "SELECT * FROM parked") == []


async def test_cancelling_who_holds_a_place_in_two_queues_wakes_the_others(tmp_path: Path) -> None:
    """`Two` left limit a's queue for b's; cancelled there, it must not take its turn at a with it."""
    GATES["b"], GATES["a"] = asyncio.Event(), asyncio.Event()
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, Only("b"))
        await kit.publish(bus, One("a"))
        await kit.until(lambda: sorted(SEEN) == ["a", "b"])
        two = await kit.publish(bus, Two("two"))
        await kit.publish(bus, One("last"))
        await kit.until(lambda: len(bus.dispatcher.limits.limits["a"].waiting) == 2)
        GATES["a"].set()
        await kit.until(lambda: len(bus.dispatcher.limits.limits["b"].waiting) == 1)
        await bus.cancel(kit.DEFAULT, two.id, "me")
        await kit.until(lambda: "last" in SEEN)
        GATES["b"].set()
        await drain(bus)
        assert "two" not in SEEN
        assert [limit.used for limit in bus.dispatcher.limits.limits.values()] == [0, 0]


async def test_a_rate_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    registry = kit.registry(use, limits={"a": {"rate": "2/s"}}, t__one={"limits": ["a"]})
    async with running_bus(registry, tmp_path, clock=clock) as bus:
        await bus.publish_all([Publication(message=One(f"{n}"), workspace=kit.DEFAULT) for n in range(10)])
        for second in range(5):
            await kit.until(lambda second=second: len(SEEN) == 2 * second + 2)
            await bus.store.writer.settled()
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(SEEN) == 2 * second + 2
            for seconds in (0.25, 0.25, 0.25, 0.25, 0.002):
                clock.advance(seconds)
                for _ in range(20):
                    await asyncio.sleep(0)
        await drain(bus)
        assert len(SEEN) == 10


async def test_the_better_priority_is_first_at_a_limit(tmp_path: Path) -> None:
    GATES["first"] = asyncio.Event()
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, One("first"))
        await kit.until(lambda: SEEN)
        await kit.publish(bus, One("late"), priority=9)
        await kit.publish(bus, One("soon"), priority=1)
        await kit.until(lambda: len(bus.dispatcher.limits.limits["a"].waiting) == 2)
        GATES["first"].set()
        await drain(bus)
        assert SEEN == ["first", "soon", "late"]


async def test_what_waits_for_a_limit_says_so_and_can_be_cancelled(tmp_path: Path) -> None:
    GATES["first"] = asyncio.Event()
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, One("first"))
        await kit.until(lambda: SEEN)
        waiting = await kit.publish(bus, One("second"))
        await kit.until(lambda: bus.dispatcher.limits.limits["a"].waiting)
        assert await kit.why(bus, waiting) == "limit"
        await bus.cancel(kit.DEFAULT, waiting.id, "me")
        GATES["first"].set()
        await drain(bus)
        assert SEEN == ["first"]
        assert await kit.state(bus, waiting) == "cancelled"
