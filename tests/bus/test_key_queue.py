"""The queue of a key when something about it changes: the topic's order, the due time of one that waits."""

import asyncio
from pathlib import Path

import pytest
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.letters import Redrive
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

STARTS: list[tuple[int, int]] = []
"""(key, number) in order of starts."""
NOW: dict[int, int] = {}
"""key -> how many of it run."""
MOST: list[int] = []
"""How many of its key ran at each start."""


class Line(Message[None], topic="q.line", key=("key",)):
    """One line of a key's text."""

    key: int
    number: int
    fails: bool = False


@subscribe(Line, runner="q")
async def write(message: Line, ctx: Context) -> None:
    """Note the start, and how many of this key are here."""
    STARTS.append((message.key, message.number))
    NOW[message.key] = NOW.get(message.key, 0) + 1
    MOST.append(NOW[message.key])
    try:
        for _ in range(5):
            await asyncio.sleep(0)
        if message.fails and ctx.attempt == 1:
            raise RuntimeError("stumbled")
    finally:
        NOW[message.key] -= 1


RETRY = {"first": "1s", "jitter": 0.0}


def registry(order: str, **policy: object) -> Registry:
    """The one topic, ordered or not."""
    return kit.registry(write, q__line={"order": order, "retry": RETRY, **policy})


ON, OFF = registry("key"), registry("off")


@pytest.fixture(autouse=True)
def clean() -> None:
    STARTS.clear()
    NOW.clear()
    MOST.clear()


async def publish_paused(order: Registry, folder: Path, lines: list[Line], clock: ManualClock) -> None:
    """A process that stores lines and starts none of them."""
    async with running_bus(order, folder, clock=clock) as bus:
        await bus.pause("q", "me")
        await bus.publish_all([Publication(message=line, workspace=kit.DEFAULT) for line in lines])


async def test_p03_a_topic_switched_from_key_to_off_strands_nobody(tmp_path: Path, clock: ManualClock) -> None:
    """Story: followers stayed parked behind their key, and nothing that ended looked for them any more."""
    await publish_paused(ON, tmp_path, [Line(key, number) for number in range(4) for key in range(3)], clock)
    async with running_bus(OFF, tmp_path, clock=clock) as bus:
        assert await kit.value(bus, "SELECT count(*) FROM parked") == 0
        await bus.resume("q", "me")
        await drain(bus)
        assert list(STARTS) == [(key, number) for number in range(4) for key in range(3)]
        assert await kit.value(bus, "SELECT count(*) FROM heads") == 0


async def test_p04_a_topic_switched_from_off_to_key_runs_what_waited_one_at_a_time(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Story: what waited had no head, so that two of one key ran at once and the next publish joined them."""
    await publish_paused(OFF, tmp_path, [Line(1, 0), Line(1, 1, fails=True), Line(2, 0), Line(1, 2)], clock)
    async with running_bus(ON, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(1, 3))
        await bus.resume("q", "me")
        await drain(bus)
        assert [number for key, number in STARTS if key == 1] == [0, 1]
        await kit.pass_time(bus, clock, 2, step=0.5)
        assert [number for key, number in STARTS if key == 1] == [0, 1, 1, 2, 3]
        assert set(MOST) == {1}
        assert await kit.rows(bus, "SELECT * FROM heads") == await kit.rows(bus, "SELECT * FROM parked") == []


@pytest.mark.parametrize("there_and_back", [(ON, OFF, ON), (OFF, ON, OFF, ON)])
async def test_p03_p04_a_switch_and_back_keeps_every_line_and_its_place(
    tmp_path: Path, clock: ManualClock, there_and_back: tuple[Registry, ...]
) -> None:
    for number, order in enumerate(there_and_back[:-1]):
        await publish_paused(order, tmp_path, [Line(1, 2 * number), Line(1, 2 * number + 1)], clock)
    async with running_bus(there_and_back[-1], tmp_path, clock=clock) as bus:
        await bus.resume("q", "me")
        await drain(bus)
        assert list(STARTS) == [(1, number) for number in range(2 * len(there_and_back) - 2)]
        assert set(MOST) == {1}


async def test_p03_lines_held_by_a_pause_of_their_topic_are_ordered_too(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(OFF, tmp_path, clock=clock) as bus:
        await bus.pause("q.line", "me", kind="topic")
        for number in range(4):
            await kit.publish(bus, Line(1, number))
    async with running_bus(ON, tmp_path, clock=clock) as bus:
        await bus.resume("q.line", "me", kind="topic")
        await drain(bus)
        assert list(STARTS) == [(1, number) for number in range(4)]
        assert set(MOST) == {1}


async def test_p03_a_line_that_failed_before_the_switch_holds_its_key_back(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(OFF, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(1, 0, fails=True))
        await drain(bus)
        await bus.pause("q", "me")
        await kit.publish(bus, Line(1, 1))
    async with running_bus(ON, tmp_path, clock=clock) as bus:
        await bus.resume("q", "me")
        await drain(bus)
        assert list(STARTS) == [(1, 0)]
        await kit.pass_time(bus, clock, 2, step=0.5)
        assert list(STARTS) == [(1, 0), (1, 0), (1, 1)]


@pytest.mark.parametrize(("kind", "name"), [("runner", "q"), ("topic", "q.line")])
async def test_p03_what_was_redriven_before_the_switch_goes_to_the_end_of_its_key(
    tmp_path: Path, clock: ManualClock, kind: str, name: str
) -> None:
    """Whatever had been begun went first: a dead letter that was let go again overtook all that waited."""
    once = registry("off", retry={"attempts": 1})
    async with running_bus(once, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(1, 0, fails=True))
        await drain(bus)
        await bus.pause(name, "me", kind=kind)
        for number in (1, 2):
            await kit.publish(bus, Line(1, number))
        clock.advance(1)
        await bus.store.redrive([Redrive(1, bus.store.runners["q"], "me")])
    async with running_bus(registry("key", retry={"attempts": 1}), tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(1, 3))
        await bus.resume(name, "me", kind=kind)
        await drain(bus)
        assert list(STARTS) == [(1, 0), (1, 1), (1, 2), (1, 0), (1, 3)]
        assert set(MOST) == {1}


async def test_p03_a_follower_that_is_absorbed_into_an_earlier_time_passes_its_delayed_head(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Story: the repeat was due at once, and its delivery waited behind a head that was due in a minute."""
    async with running_bus(registry("key", coalesce="drop"), tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(1, 1), due=clock.now() + 50 * SECOND)
        await kit.publish(bus, Line(1, 2), due=clock.now() + 100 * SECOND)
        repeat = await kit.publish(bus, Line(1, 2))
        assert repeat.deduplicated
        await drain(bus)
        assert list(STARTS) == [(1, 2)]
        await kit.pass_time(bus, clock, 60, step=10)
        assert list(STARTS) == [(1, 2), (1, 1)]


async def test_p03_a_head_that_is_put_off_lets_its_follower_go_first(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(registry("key", coalesce="off"), tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(1, 1), due=clock.now() + 20 * SECOND)
    async with running_bus(registry("key", coalesce="drop"), tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(1, 2), due=clock.now() + 10 * SECOND)
    async with running_bus(registry("key", coalesce="debounce"), tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(1, 3), due=clock.now() + 30 * SECOND)  # 2 becomes 3, later
        await kit.pass_time(bus, clock, 40, step=5)
        assert list(STARTS) == [(1, 1), (1, 3)]
