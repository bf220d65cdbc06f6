"""F9: the wall clock is set, far and near, once and often: what was promised of time holds all the same."""

import asyncio
import random
from pathlib import Path

import pytest
from needlework.bus.bus import Bus
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import Retry, StorageError
from needlework.bus.maintenance import SHIFTED
from needlework.bus.messages import Message
from needlework.bus.permissions import READ
from needlework.bus.principals import LOCAL
from needlework.bus.records import Publication
from needlework.bus.sqlite.shifting import Shift
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import START, ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

DAY = 24 * 3600
SEEN: list[tuple[int, int, float]] = []
"""(number, wall time, monotonic time) of each start."""
CLOCK: list[ManualClock] = []


class Ring(Message[None], topic="t.ring"):
    """Rings; fails, asks for another attempt, or hangs first."""

    number: int
    how: str = ""


class Line(Message[None], topic="t.line", key=("key",)):
    """One of a key's queue."""

    key: int
    number: int


class Tick(Message[None], topic="t.tick"):
    """What a schedule publishes."""


def note(number: int) -> None:
    SEEN.append((number, CLOCK[0].now(), CLOCK[0].monotonic()))


@subscribe(Ring, runner="r")
async def ring(message: Ring, ctx: Context) -> None:
    """Note when."""
    note(message.number)
    if message.how == "fail" and ctx.attempt == 1:
        raise RuntimeError("stumbled")
    if message.how == "later" and ctx.attempt == 1:
        raise Retry("not yet", after=10)
    if message.how == "hang":
        await asyncio.Event().wait()


@subscribe(Line, runner="r")
async def line(message: Line, ctx: Context) -> None:
    """Note when."""
    note(message.number)


@subscribe(Tick, runner="r")
async def tick(message: Tick, ctx: Context) -> None:
    """Note when."""
    note(-1)


TOPICS = {
    "t__ring": {"timeout": "5s", "retry": {"attempts": 2, "first": "10s", "jitter": 0.0}},
    "t__line": {"order": "key"},
}
REGISTRY = kit.registry(ring, line, **TOPICS)


@pytest.fixture
def clock() -> ManualClock:
    """One that handlers read as well."""
    SEEN.clear()
    CLOCK[:] = [ManualClock()]
    return CLOCK[0]


def numbers() -> list[int]:
    return [number for number, _, _ in SEEN]


async def settle(bus: Bus, clock: ManualClock, seconds: int) -> None:
    """Let time pass, with what cannot run left where it is."""
    for _ in range(seconds):
        clock.advance(1)
        for _ in range(5):
            await bus.store.settled()
            await kit.until(lambda: not bus.dispatcher._tasks)


@pytest.mark.parametrize("held", ["r", "t.ring", "t.line"])
@pytest.mark.parametrize("seconds", [-5, -3600, -DAY, -START // SECOND])
async def test_p06_what_was_not_delayed_does_not_wait_out_a_step_back(
    tmp_path: Path, clock: ManualClock, seconds: int, held: str
) -> None:
    """Its due time is when it was published: with the clock set back by a day it waited in the table for a day."""
    kind = "runner" if held == "r" else "topic"
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await bus.pause(held, "me", kind=kind)
        for number in range(20):
            message = Line(number % 2, number) if held != "t.ring" else Ring(number)
            await kit.publish(bus, message)
            clock.advance(0.25)
        await settle(bus, clock, 1)
        clock.step(seconds)
        await settle(bus, clock, 2)
        late = [await kit.publish(bus, Line(n % 2, 20 + n)) for n in range(2)] if held != "t.ring" else []
        await bus.resume(held, "me", kind=kind)
        await kit.pass_time(bus, clock, 2, step=1)
        assert sorted(numbers()) == list(range(20 + len(late)))
        for rest in (0, 1) if late else ():
            assert (of_key := [number for number in numbers() if number % 2 == rest]) == sorted(of_key)


async def test_p06_what_waits_since_before_a_step_back_goes_first_after_a_restart(
    tmp_path: Path, clock: ManualClock
) -> None:
    """The clock may be set back while nothing runs: the newest message tells."""
    async with running_bus(REGISTRY, tmp_path, clock=clock, runners=[]) as bus:
        for number in range(5):
            await kit.publish(bus, Line(0, number))
            await kit.publish(bus, Ring(10 + number))
        delayed = await kit.publish(bus, Ring(99), due=clock.now() + 10 * SECOND)
    clock.step(-DAY)
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.pass_time(bus, clock, 5, step=1)
        assert [number for number in numbers() if number < 10] == list(range(5))
        assert sorted(numbers()) == [*range(5), *range(10, 15)]
        assert await kit.state(bus, delayed) == "waiting"


@pytest.mark.parametrize("how", ["fail", "later"])
@pytest.mark.parametrize("seconds", [-DAY, -3600, 3600, 100 * 365 * DAY])
async def test_p06_a_wait_for_another_attempt_is_a_duration(
    tmp_path: Path, clock: ManualClock, how: str, seconds: int
) -> None:
    """`Retry(after=…)` counts no failure, and was not moved with the clock: it waited a day, or not at all."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Ring(1, how))
        await kit.pass_time(bus, clock, 3, step=1)
        clock.step(seconds)
        await kit.pass_time(bus, clock, 12, step=1)
        first, second = (at for _, _, at in SEEN)
        assert 10 <= second - first <= 12


@pytest.mark.parametrize("held", ["", "t.ring"])
async def test_p06_a_step_is_not_forgotten_when_the_disk_refuses_to_store_it(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    """The new offset was taken for known before the move was stored: after one refusal nothing was ever moved."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Ring(1, "later"))
        await kit.pass_time(bus, clock, 2, step=1)
        if held:
            await bus.pause(held, "me", kind="topic")
        real, refusals = bus.store.shift, [1, 2, 3]

        async def refuse(plan: Shift, batch: int) -> Shift:
            if refusals:
                refusals.pop()
                raise StorageError("the disk refuses")
            return await real(plan, batch)

        monkeypatch.setattr(bus.store, "shift", refuse)
        clock.step(-DAY)
        await kit.pass_time(bus, clock, 5, step=1)
        if held:
            await bus.resume(held, "me", kind="topic")
        await kit.pass_time(bus, clock, 5, step=1)
        assert not refusals
        assert numbers() == [1, 1]


async def test_p06_a_step_is_carried_out_in_bounded_transactions(tmp_path: Path, clock: ManualClock) -> None:
    """All waiting retries were read and moved in one transaction, while every publish waited."""
    count = 3 * SHIFTED
    async with running_bus(REGISTRY, tmp_path, clock=clock, durability="process") as bus:
        messages = [Publication(message=Ring(n, "fail"), workspace=kit.DEFAULT) for n in range(count)]
        await bus.publish_all(messages)
        await drain(bus)
        moved: list[int] = []
        real = bus.store.shift

        async def counted(plan: Shift, batch: int) -> Shift:
            after = await real(plan, batch)
            moved.append(after.moved - plan.moved)
            return after

        bus.store.shift = counted  # type: ignore[method-assign]
        clock.step(-3600)
        await kit.pass_time(bus, clock, 12, step=1)
        assert (sum(moved), max(moved)) == (count, SHIFTED)
        assert len(SEEN) == 2 * count


STEPS = [DAY, -DAY, 100 * 365 * DAY, -START // SECOND, 31 * DAY, -60, 60]


@pytest.mark.parametrize("seconds", STEPS)
async def test_f09_one_step_loses_doubles_and_hastens_nothing(tmp_path: Path, clock: ManualClock, seconds: int) -> None:
    registry = kit.registry(ring, line, tick, t__tick={"schedule": "*/5 * * * *"}, **TOPICS)
    async with running_bus(registry, tmp_path, clock=clock) as bus:
        due = {}
        for number in range(20):
            due[number] = clock.now() + (number - 5) * 30 * SECOND
            await kit.publish(bus, Ring(number), due=max(due[number], 0))
        hanging = await kit.publish(bus, Ring(50, "hang"))
        text, _ = await bus.tokens.create("t", frozenset((READ,)), None, clock.now() + 3600 * SECOND, LOCAL)
        await kit.until(lambda: 50 in numbers())
        clock.step(seconds)
        await settle(bus, clock, 60)
        ticks = numbers().count(-1)
        assert ticks <= 1
        hung = [at for number, _, at in SEEN if number == 50]
        assert len(hung) == 2
        assert 15 <= hung[1] - hung[0] <= 17, "5 s of time limit and 10 s of backoff are durations"
        assert (await bus.tokens.check(text) is None) == (seconds >= 3600)
        if seconds < 0:
            clock.step(-seconds)
        await kit.pass_time(bus, clock, 600, step=5)
        assert sorted(number for number in numbers() if 0 <= number < 50) == list(range(20))
        assert all(at >= due[number] for number, at, _ in SEEN if 0 <= number < 50)
        assert 1 <= numbers().count(-1) - ticks <= 4, "the schedule goes on, and makes up one slot at most"
        assert [entry["kind"] for entry in (await bus.message(kit.DEFAULT, hanging.id))["attempts"]].count(
            "failed"
        ) <= 2


@pytest.mark.parametrize("cron", ["30 2 * * * Europe/Berlin", "*/30 * * * * Europe/Berlin"])
@pytest.mark.parametrize(("day", "readings"), [("2026-03-29", 46), ("2026-10-25", 48), ("2028-02-29", 48)])
async def test_f09_a_night_that_lacks_or_repeats_an_hour_and_a_leap_day_double_nothing(
    tmp_path: Path, cron: str, day: str, readings: int
) -> None:
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone)
    following = (midnight.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    SEEN.clear()
    CLOCK[:] = [clock := ManualClock(int(midnight.timestamp()) * SECOND - SECOND)]
    registry = kit.registry(tick, t__tick={"schedule": cron})
    async with running_bus(registry, tmp_path, clock=clock, durability="process") as bus:
        seconds = following.timestamp() - midnight.timestamp()
        await kit.pass_time(bus, clock, seconds, step=300)
        walls = [datetime.fromtimestamp(at // SECOND, zone).replace(tzinfo=None) for _, at, _ in SEEN]
        assert len(set(walls)) == len(walls), "a reading of the clock fires once"
        assert len(walls) == (1 if cron.startswith("30") else readings)


async def test_f09_many_random_steps_lose_double_and_hasten_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """1,000 steps in the long form, by hand: `benchmarks/faults/clocks.py`."""
    await random_steps(tmp_path, clock, steps=120, seed=9)


async def random_steps(folder: Path, clock: ManualClock, *, steps: int, seed: int) -> dict[str, int]:
    """Publish delayed, undelayed, keyed, failing and hanging messages while somebody plays with the clock."""
    source, registry = random.Random(seed), kit.registry(ring, line, tick, t__tick={"schedule": "every 1m"}, **TOPICS)
    due: dict[int, int] = {}
    keys: dict[int, int] = {}
    async with running_bus(registry, folder, clock=clock, durability="process") as bus:
        for number in range(steps):
            how = source.choice(["", "", "fail", "later", "hang"])
            if source.random() < 0.3:
                keys[number] = source.randrange(3)
                await kit.publish(bus, Line(keys[number], number))
            elif source.random() < 0.5:
                due[number] = clock.now() + source.randrange(600 * SECOND)
                await kit.publish(bus, Ring(number), due=due[number])
            else:
                await kit.publish(bus, Ring(number, how))
            clock.step(source.uniform(-600, 600))
            await settle(bus, clock, 3)
        clock.step(DAY)
        await settle(bus, clock, 60)
        assert set(numbers()) - {-1} == set(range(steps)), "none is lost"
        assert all(at >= due[number] for number, at, _ in SEEN if number in due), "none is early"
        for number in (*due, *keys):
            assert numbers().count(number) == 1, "none is doubled"
        for key in range(3):
            queue = [number for number in numbers() if keys.get(number) == key]
            assert queue == sorted(queue), "a key keeps its order"
        assert await kit.value(bus, "SELECT count(*) FROM deliveries") == 0
        assert await kit.value(bus, "SELECT count(*) FROM dead") <= steps
        return {"messages": steps, "starts": len(SEEN)}
