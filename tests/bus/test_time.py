"""Time: never early, close to its time, and calm when somebody sets the clock."""

import random
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

RANG: list[tuple[int, int]] = []
"""(number, when)"""


class Alarm(Message[None], topic="t.alarm"):
    """Rings once."""

    number: int
    fails: int = 0


@subscribe(Alarm, runner="r")
async def ring(message: Alarm, ctx: Context) -> None:
    """Note when."""
    RANG.append((message.number, ctx.now))
    if ctx.attempt <= message.fails:
        raise RuntimeError("not yet")


REGISTRY = kit.registry(ring, t__alarm={"retry": {"attempts": 3, "first": "10s", "jitter": 0.0}})


@pytest.fixture(autouse=True)
def clean() -> None:
    RANG.clear()


async def test_p06_ten_thousand_alarms_none_early_each_once(tmp_path: Path, clock: ManualClock) -> None:
    """F22 in short: an hour of virtual time."""
    source = random.Random(2)
    start = clock.now()
    due = {number: start + source.randrange(3600 * SECOND) for number in range(10_000)}
    async with running_bus(REGISTRY, tmp_path, clock=clock, durability="process") as bus:
        messages = [Publication(message=Alarm(n), workspace=kit.DEFAULT, due=at) for n, at in due.items()]
        await bus.publish_all(messages)
        held = 0
        for _ in range(120):
            clock.advance(30)
            await drain(bus)
            held = max(held, sum(len(queue.held) for queue in bus.dispatcher.queues.values()))
        assert sorted(number for number, _ in RANG) == list(range(10_000))
        assert all(at >= due[number] for number, at in RANG)
        assert held < 2048


async def test_what_falls_due_while_the_table_is_read_rings_on_a_clock_that_stands_too(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read is of a moment ago: it comes back as not yet due when its time has come."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        take, passed = bus.store.take, []

        async def slowly(*arguments: Any) -> Any:
            page = await take(*arguments)
            if page.next_due is not None and not passed:
                passed.append(page.next_due)
                clock.advance(5)
            return page

        monkeypatch.setattr(bus.store, "take", slowly)
        receipts = await bus.publish_all(
            [Publication(message=Alarm(n), workspace=kit.DEFAULT, due=clock.now() + n * SECOND) for n in (2, 4)]
        )
        clock.advance(2)
        await drain(bus)
        assert len(passed) == 1
        assert [await kit.state(bus, receipt) for receipt in receipts] == ["done", "done"]


async def test_p06_an_alarm_rings_at_its_very_microsecond(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        due = clock.now() + 1_234_567
        await kit.publish(bus, Alarm(1), due=due)
        clock.advance(1.234566)
        await drain(bus)
        assert RANG == []
        clock.advance(0.000001)
        await drain(bus)
        assert [(1, due)] == RANG


async def test_p06_a_clock_set_forward_makes_due_things_due_within_a_second(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Alarm(1), due=clock.now() + 3600 * SECOND)
        clock.step(7200)
        clock.advance(1.0)
        await drain(bus)
        assert [number for number, _ in RANG] == [1]


async def test_p06_a_clock_set_back_lets_nothing_ring_early_or_twice(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Alarm(1))
        due = clock.now() + 10 * SECOND
        await kit.publish(bus, Alarm(2), due=due)
        await drain(bus)
        clock.step(-3600)
        await kit.pass_time(bus, clock, 60, step=1)
        assert [number for number, _ in RANG] == [1]
        await kit.publish(bus, Alarm(3))
        await drain(bus)
        clock.step(3600)
        await kit.pass_time(bus, clock, 2, step=1)
        assert [number for number, _ in RANG] == [1, 3, 2]
        assert RANG[-1][1] >= due


@pytest.mark.parametrize("hours", [-24, -1, 1, 24 * 365])
async def test_p06_a_waiting_retry_moves_with_a_clock_that_is_set(
    tmp_path: Path, clock: ManualClock, hours: int
) -> None:
    """Its wait is a duration: ten seconds stay ten seconds."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Alarm(1, fails=1))
        await kit.pass_time(bus, clock, 2, step=1)
        clock.step(hours * 3600)
        await kit.pass_time(bus, clock, 12, step=1)
        assert len(RANG) == 2


async def test_p06_random_steps_of_the_clock_lose_double_and_hasten_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """F9 in short."""
    source = random.Random(3)
    due: dict[int, int] = {}
    async with running_bus(REGISTRY, tmp_path, clock=clock, durability="process") as bus:
        for number in range(200):
            due[number] = clock.now() + source.randrange(600 * SECOND)
            await kit.publish(bus, Alarm(number), due=due[number])
            clock.step(source.uniform(-600, 600))
            clock.advance(1)
            await drain(bus)
        clock.step(24 * 3600)
        await kit.pass_time(bus, clock, 3, step=1)
        assert sorted(number for number, _ in RANG) == list(range(200))
        assert all(at >= due[number] for number, at in RANG)


async def test_p06_alarms_ring_in_real_time_and_never_early(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        now = bus.clock.now()
        due = {number: now + 50_000 + number * 2_000 for number in range(100)}
        messages = [Publication(message=Alarm(n), workspace=kit.DEFAULT, due=at) for n, at in due.items()]
        await bus.publish_all(messages)
        await kit.until(lambda: len(RANG) == 100)
        await drain(bus)
        assert all(at >= due[number] for number, at in RANG)  # how late: benchmarks/latency.py
