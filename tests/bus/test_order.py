"""Order by key: one at a time, as they became due; who is before whom, who moves up, who runs first."""

import asyncio
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

STARTS: dict[str, list[tuple[int, int]]] = {}
"""runner -> (key, number) in order of starts."""
NOW: dict[tuple[str, int], int] = {}
GATES: dict[str, asyncio.Event] = {}


class Line(Message[None], topic="t.line", key=("key",)):
    """One line of a key's text."""

    key: int
    number: int
    fails: int = 0
    waits: bool = False


class Loose(Message[None], topic="t.loose"):
    """No order at all."""

    number: int


async def write(message: Line, ctx: Context) -> None:
    """Note the start; nobody else of this key may be here."""
    place = (ctx.runner, message.key)
    assert place not in NOW
    NOW[place] = message.number
    try:
        STARTS.setdefault(ctx.runner, []).append((message.key, message.number))
        if message.waits:
            await GATES["it"].wait()
        await asyncio.sleep(0)
        if ctx.attempt <= message.fails:
            raise RuntimeError("stumbled")
    finally:
        del NOW[place]


@subscribe(Line, runner="a")
async def in_a(message: Line, ctx: Context) -> None:
    """Runner a."""
    await write(message, ctx)


@subscribe(Line, runner="b")
async def in_b(message: Line, ctx: Context) -> None:
    """Runner b."""
    await write(message, ctx)


@subscribe(Line, runner="c")
async def in_c(message: Line, ctx: Context) -> None:
    """Runner c."""
    await write(message, ctx)


@subscribe(Loose, runner="loose")
async def loose(message: Loose, ctx: Context) -> None:
    """Note the workspace."""
    STARTS.setdefault(ctx.workspace.name, []).append((len(STARTS.get("all", [])), message.number))
    STARTS.setdefault("all", []).append((ctx.workspace.id, message.number))


RETRY = {"attempts": 4, "first": "1s", "jitter": 0.0}
REGISTRY = kit.registry(in_a, in_b, in_c, t__line={"order": "key", "retry": RETRY, "replies": "a"})
ONE = kit.registry(in_a, loose, runners={"a": kit.runner(concurrency=1), "loose": kit.runner(concurrency=1)},
                   t__line={"order": "key", "retry": RETRY})  # fmt: skip


@pytest.fixture(autouse=True)
def clean() -> None:
    for memory in (STARTS, NOW, GATES):
        memory.clear()


def numbers(runner: str, key: int = 0) -> list[int]:
    """The numbers of a key in order of their starts, repeats left out."""
    found: list[int] = []
    for at, number in STARTS.get(runner, []):
        if at == key and (not found or found[-1] != number):
            found.append(number)
    return found


async def test_p03_p04_keys_keep_their_order_over_failures_and_three_runners(
    tmp_path: Path, clock: ManualClock
) -> None:
    """F20 in short: 50 keys by 20 lines, a tenth of them stumble."""
    source = random.Random(1)
    async with running_bus(REGISTRY, tmp_path, clock=clock, durability="process") as bus:
        for number in range(20):
            lines = [Line(key, number, fails=source.choice([0] * 9 + [2])) for key in range(50)]
            await bus.publish_all([Publication(message=line, workspace=kit.DEFAULT) for line in lines])
        for _ in range(200):
            await drain(bus)
            clock.advance(1)
            if not await kit.value(bus, "SELECT count(*) FROM heads"):
                break
        for runner in "abc":
            assert all(numbers(runner, key) == list(range(20)) for key in range(50))


async def test_p03_delayed_lines_start_in_the_order_in_which_they_become_due(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running_bus(ONE, tmp_path, clock=clock) as bus:
        for number, seconds in enumerate([30, 10, 20, 0, 40]):
            await kit.publish(bus, Line(0, number), due=clock.now() + seconds * SECOND)
        await kit.pass_time(bus, clock, 60, step=5)
        assert numbers("a") == [3, 1, 2, 0, 4]


async def test_p03_an_undelayed_line_goes_before_a_delayed_one_that_waits(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(ONE, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(0, 1), due=clock.now() + 10 * SECOND)
        await kit.publish(bus, Line(0, 2))
        await drain(bus)
        assert numbers("a") == [2]
        clock.advance(10)
        await drain(bus)
        assert numbers("a") == [2, 1]


async def test_p03_a_retry_keeps_its_place_before_its_followers(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(ONE, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Line(0, 1, fails=2))
        await kit.publish(bus, Line(0, 2))
        await kit.pass_time(bus, clock, 10, step=1)
        assert [number for _, number in STARTS["a"]] == [1, 1, 1, 2]


@pytest.mark.parametrize("ending", ["cancel", "die"])
async def test_p03_the_end_of_the_head_promotes_the_next(tmp_path: Path, clock: ManualClock, ending: str) -> None:
    GATES["it"] = asyncio.Event()
    async with running_bus(ONE, tmp_path, clock=clock) as bus:
        head = await kit.publish(bus, Line(0, 1, fails=9 if ending == "die" else 0, waits=ending == "cancel"))
        await kit.publish(bus, Line(0, 2))
        await kit.until(lambda: STARTS)
        assert numbers("a") == [1]
        if ending == "cancel":
            await bus.cancel(kit.DEFAULT, head.id, "me")
        await kit.pass_time(bus, clock, 60, step=5)
        assert numbers("a") == [1, 2]


async def test_cancelling_a_follower_leaves_the_others_in_order(tmp_path: Path) -> None:
    GATES["it"] = asyncio.Event()
    async with running_bus(ONE, tmp_path) as bus:
        receipts = [await kit.publish(bus, Line(0, number, waits=number == 0)) for number in range(4)]
        await kit.until(lambda: STARTS)
        await bus.cancel(kit.DEFAULT, receipts[2].id, "me")
        GATES["it"].set()
        await drain(bus)
        assert numbers("a") == [0, 1, 3]


async def test_p04_a_rescued_head_starts_again_before_its_followers(tmp_path: Path) -> None:
    GATES["it"] = asyncio.Event()
    async with kit.doomed_bus(ONE, tmp_path) as bus:
        await kit.publish(bus, Line(0, 1, waits=True))
        await kit.publish(bus, Line(0, 2))
        await kit.until(lambda: STARTS)
    GATES["it"].set()
    async with running_bus(ONE, tmp_path) as bus:
        await drain(bus)
        assert [number for _, number in STARTS["a"]] == [1, 1, 2]


async def test_a_workspace_with_little_work_does_not_wait_behind_one_with_much(tmp_path: Path) -> None:
    async with running_bus(ONE, tmp_path, durability="process") as bus:
        small = await bus.workspaces.create("small", "test")
        await bus.pause("loose", "me")
        much = [Publication(message=Loose(n), workspace=kit.DEFAULT) for n in range(3000)]
        await bus.publish_all(much)
        await bus.publish_all([Publication(message=Loose(n), workspace=small) for n in range(20)])
        await bus.resume("loose", "me")
        await drain(bus)
        last = max(place for place, _ in STARTS["small"])
        assert last < 1200, f"its 20 messages were done after {last} of 3020"


async def test_the_better_priority_starts_first_within_a_workspace(tmp_path: Path) -> None:
    async with running_bus(ONE, tmp_path) as bus:
        await bus.pause("loose", "me")
        for number in (9, 5, 0, 7):
            await kit.publish(bus, Loose(number), priority=number)
        await bus.resume("loose", "me")
        await drain(bus)
        assert [number for _, number in STARTS["all"]] == [0, 5, 7, 9]


async def test_resuming_one_of_two_paused_topics_lets_go_its_own_however_many_wait_for_the_other(
    tmp_path: Path,
) -> None:
    """Story: pages of 500 were let go and parked again for ever, since the other topic's were older."""
    async with running_bus(ONE, tmp_path, durability="process") as bus:
        for name in ("t.loose", "t.line"):
            await bus.pause(name, "me", kind="topic")
        await bus.publish_all([Publication(message=Loose(n), workspace=kit.DEFAULT) for n in range(1100)])
        line: Any = await kit.publish(bus, Line(0, 1))
        async with asyncio.timeout(5):
            await bus.resume("t.line", "me", kind="topic")
        await drain(bus)
        assert await kit.state(bus, line) == "done"
        assert "all" not in STARTS
