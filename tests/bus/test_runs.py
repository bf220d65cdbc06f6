"""Explicit runs: "process what is due now, at most N"; runners of mode `tick` work only within them."""

import asyncio
from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import Conflict, NoResponder, Refuse
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.runs import RunCount
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

SEEN: list[int] = []
GATES: dict[str, asyncio.Event] = {}


class Chore(Message[None], topic="t.chore"):
    """One piece of work."""

    number: int = 0
    how: str = ""


class Job(Message[None], topic="t.job"):
    """The same for a runner that works at once."""

    number: int = 0
    how: str = ""


@subscribe(Chore, runner="ticked")
@subscribe(Job, runner="auto")
async def work(message: Chore | Job, ctx: Context) -> None:
    """Succeed, fail, refuse or wait."""
    SEEN.append(message.number)
    if message.how == "fail":
        raise RuntimeError("no")
    if message.how == "refuse":
        raise Refuse(422, "bad", "no")
    if message.how == "wait":
        await GATES["it"].wait()


class Keyed(Message[None], topic="t.keyed", key=("key",)):
    """The same with a key."""

    key: int
    number: int


@subscribe(Keyed, runner="auto")
async def work_keyed(message: Keyed, ctx: Context) -> None:
    """Let others run meanwhile."""
    SEEN.append(message.number)
    await asyncio.sleep(0)


RUNNERS = {
    "ticked": kit.runner(mode="tick"),
    "auto": kit.runner(concurrency=2),
    "narrow": kit.runner(concurrency=1),
}
REGISTRY = kit.registry(work, runners=RUNNERS, t__job={"automatic": True}, t__chore={"retry": {"attempts": 1}})


@pytest.fixture(autouse=True)
def clean() -> None:
    SEEN.clear()
    GATES["it"] = asyncio.Event()


def chores(*how: str) -> list[Publication]:
    """A chore for each word."""
    return [Publication(message=Chore(n, word), workspace=kit.DEFAULT) for n, word in enumerate(how)]


async def test_a_ticked_runner_does_nothing_by_itself(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        receipt = await kit.publish(bus, Chore())
        for _ in range(50):
            clock.advance(1)
            await asyncio.sleep(0)
        assert SEEN == []
        assert await kit.why(bus, receipt) == "not_ticked"


async def test_a_runs_counts_add_up(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.publish_all(chores("", "", "fail", "refuse"))
        counts = await bus.run("ticked", kit.DEFAULT, 100, 10)
        assert counts == RunCount(processed=4, succeeded=2, failed=1, skipped=1, remaining=0)
        assert await bus.run("ticked", kit.DEFAULT, 100, 10) == RunCount(0, 0, 0, 0, 0)


async def test_a_run_takes_at_most_n_and_says_what_remains(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.publish_all(chores(*[""] * 10))
        remaining = []
        for _ in range(4):
            counts = await bus.run("ticked", kit.DEFAULT, 3, 10)
            remaining.append(counts.remaining)
            assert counts.processed == counts.succeeded == min(3, 10 - (len(remaining) - 1) * 3)
        assert remaining == [7, 4, 1, 0]
        assert list(range(10)) == SEEN


async def test_a_run_does_not_count_what_was_running_before_it(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, Job(1, "wait"))
        await kit.until(lambda: SEEN == [1])
        counts = await bus.run("auto", kit.DEFAULT, 5, 10)
        assert (counts.processed, counts.succeeded) == (0, 0)
        GATES["it"].set()
        await drain(bus)


async def test_a_run_in_the_middle_of_work_never_counts_more_than_n(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.publish_all([Publication(message=Job(n, "wait"), workspace=kit.DEFAULT) for n in range(6)])
        await kit.until(lambda: len(SEEN) == 2)
        run = asyncio.create_task(bus.run("auto", kit.DEFAULT, 3, 10))
        await kit.until(lambda: bus.controls.forced)
        GATES["it"].set()
        counts = await run
        assert counts.processed == counts.succeeded <= 3
        await drain(bus)
        assert sorted(SEEN) == list(range(6))


async def test_a_second_run_of_the_same_runner_and_workspace_is_refused(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        other = await bus.workspaces.create("acme", "test")
        await bus.publish_all(chores("wait"))
        run = asyncio.create_task(bus.run("ticked", kit.DEFAULT, 5, 10))
        await kit.until(lambda: SEEN)
        with pytest.raises(Conflict) as caught:
            await bus.run("ticked", kit.DEFAULT, 5, 10)
        assert caught.value.code == "runner_busy"
        assert (await bus.run("ticked", other, 5, 10)).processed == 0
        GATES["it"].set()
        assert (await run).processed == 1


async def test_a_run_processes_what_disabled_ticks_hold(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.workspaces.set_config(kit.DEFAULT, {"tick": {"disable": True}}, "me")
        held = await kit.publish(bus, Job(1))
        waited = await kit.publish(bus, Job(2), waited=True)
        await drain(bus)
        assert SEEN == [2]
        assert await kit.state(bus, waited) == "done"
        assert await kit.why(bus, held) == "tick_disabled"
        assert (await bus.run("auto", kit.DEFAULT, 5, 10)).succeeded == 1
        assert SEEN == [2, 1]


@pytest.mark.parametrize("order", ["off", "key"])
async def test_a_run_where_ticks_are_disabled_starts_at_most_n(tmp_path: Path, order: str) -> None:
    """Story: what came while it ran, and followers whose head it ran, started beyond its number."""
    policies = {"t__keyed": {"automatic": True, "order": order}}
    registry = kit.registry(work_keyed, runners={"auto": kit.runner(concurrency=2)}, **policies)
    async with running_bus(registry, tmp_path) as bus:
        await bus.workspaces.set_config(kit.DEFAULT, {"tick": {"disable": True}}, "me")
        for number in range(10):
            await kit.publish(bus, Keyed(number % 2, number))
        run = asyncio.create_task(bus.run("auto", kit.DEFAULT, 3, 10))
        await kit.until(lambda: bus.controls.forced)
        for number in range(10, 20):
            await kit.publish(bus, Keyed(number, number))
        counts = await run
        await drain(bus)
        assert len(SEEN) == counts.processed == 3
        assert await kit.value(bus, "SELECT count(*) FROM parked") == 17
        await bus.workspaces.set_config(kit.DEFAULT, {}, "me")
        await kit.until(lambda: len(SEEN) == 20)
        await drain(bus)


async def test_enabling_ticks_lets_go_what_was_held(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.workspaces.set_config(kit.DEFAULT, {"tick": {"disable": True}}, "me")
        await bus.publish_all([Publication(message=Job(n), workspace=kit.DEFAULT) for n in range(20)])
        await drain(bus)
        assert SEEN == []
        await bus.workspaces.set_config(kit.DEFAULT, {"tick": {"disable": False}}, "me")
        await drain(bus)
        assert sorted(SEEN) == list(range(20))


async def test_a_run_at_a_shared_limit_ends_with_the_right_counts(tmp_path: Path) -> None:
    """A delivery that waits for a limit is admitted twice; it is one delivery all the same."""
    registry = kit.registry(work, runners=RUNNERS, limits={"one": {"concurrency": 1}}, t__chore={"limits": ["one"]})
    async with running_bus(registry, tmp_path) as bus:
        await bus.publish_all(chores(*[""] * 6))
        async with asyncio.timeout(5):
            counts = await bus.run("ticked", kit.DEFAULT, 6, 30)
        assert (counts.processed, counts.remaining) == (6, 0)


async def test_a_run_ends_when_its_time_is_up(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.publish_all(chores("wait"))
        counts = await bus.run("ticked", kit.DEFAULT, 5, 0.1)
        assert (counts.processed, counts.remaining) == (0, 1)
        GATES["it"].set()
        await drain(bus)


async def test_a_run_where_nobody_owns_the_runner_is_refused(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path, runners=["auto"]) as bus:
        with pytest.raises(NoResponder):
            await bus.run("ticked", kit.DEFAULT, 5, 1)


@pytest.mark.parametrize("mode", ["tick", "auto"])
async def test_a_runner_that_is_no_longer_ticked_takes_what_was_put_aside(tmp_path: Path, mode: str) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.publish_all(chores(*[""] * 8))
        await bus.run("ticked", kit.DEFAULT, 2, 10)
    changed = kit.registry(work, runners={**RUNNERS, "ticked": kit.runner(mode=mode)})
    async with running_bus(changed, tmp_path) as bus:
        if mode == "tick":
            assert (await bus.run("ticked", kit.DEFAULT, 100, 10)).processed == 6
        else:
            await drain(bus)
            await kit.until(lambda: len(SEEN) == 8)
        assert list(range(8)) == SEEN
