"""What a handler may do to its runner: raise anything, overrun, block, swallow; the runner survives each."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from needlework.bus import watchdog
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import Discard, Refuse, Retry
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

SEEN: list[Any] = []
GATES: dict[str, Any] = {}
BLOCK = 1.2
"""Seconds for which a handler blocks the loop."""


class Do(Message[Any], topic="t.do", key=("key",)):
    """Behave as `how` says, in the loop."""

    how: str
    key: int = 0


class Aside(Message[Any], topic="t.aside", key=("key",)):
    """The same in a thread."""

    how: str
    key: int = 0


def deep() -> None:
    """Recurse for ever."""
    deep()


RAISED = {
    "base": BaseException("base"), "generator": GeneratorExit("gone"), "exit": SystemExit(3),
    "memory": MemoryError(), "cancelled": asyncio.CancelledError(), "stop": StopIteration(1),
    "async_stop": StopAsyncIteration(1), "surrogate": RuntimeError("\ud800"), "nul": RuntimeError("a\x00b"),
    "refuse_surrogate": Refuse(422, "bad", "\ud800"), "refuse_odd": Refuse(422, "bad", "no", odd=object()),
    "retry_surrogate": Retry("\ud800"), "retry_never": Retry(after=float("inf")),
    "retry_nan": Retry(after=float("nan")),
    "retry_far": Retry(after=1e300), "discard_surrogate": Discard("\ud800"), "key": KeyError(),
}  # fmt: skip


class Mute(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


@subscribe(Do, runner="loop")
async def do(message: Do, ctx: Context) -> Any:
    """In the loop."""
    SEEN.append(message.how)
    if message.how in RAISED:
        raise RAISED[message.how]
    if message.how == "recursion":
        deep()
    if message.how == "mute":
        raise Mute
    if message.how == "odd":
        return object()
    if message.how == "swallow":
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "swallowed"
    if message.how in ("cancels itself", "cancels itself and fails"):
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        if message.how.endswith("fails"):
            raise RuntimeError("no")
    if message.how == "rests":
        await asyncio.sleep(0)
    if message.how == "hang":
        await asyncio.Event().wait()
    if message.how == "block":
        threading.Event().wait(BLOCK)
    if message.how == "guarded_step":
        ctx.write(Statement("DELETE FROM installation WHERE key = ?", (GATES.get("guard", "no"),), expect=1))
        GATES["guard"] = "there"
        await ctx.commit(cursor=1)
    return "done"


@subscribe(Aside, runner="thread")
def aside(message: Aside, ctx: Context) -> Any:
    """In a thread."""
    SEEN.append(message.how)
    if message.how in RAISED:
        raise RAISED[message.how]
    if message.how == "recursion":
        deep()
    if message.how == "gate":
        ctx.write(Statement("INSERT INTO installation (key, value) VALUES ('late', 'x')"))
        GATES["gate"].wait(10)
    return "done"


REGISTRY = kit.registry(
    do, aside,
    runners={"loop": kit.runner(concurrency=2), "thread": kit.runner(concurrency=1)},
    t__do={"retry": {"attempts": 1}, "timeout": "5s"},
    t__aside={"retry": {"attempts": 1}, "timeout": "5s", "order": "key"},
)  # fmt: skip


@pytest.fixture
async def bus(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Bus]:
    """A bus with time that stands still."""
    SEEN.clear()
    GATES.clear()
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        yield bus


@pytest.mark.parametrize("how", [*RAISED, "recursion", "mute", "odd"])
@pytest.mark.parametrize("kind", [Do, Aside])
async def test_the_runner_survives_whatever_a_handler_raises(bus: Bus, kind: Any, how: str) -> None:
    if kind is Aside and how in ("mute", "odd"):
        return
    receipt = await kit.publish(bus, kind(how))
    await drain(bus)
    assert await kit.state(bus, receipt) in ("dead", "refused", "waiting", "done")
    assert (how.startswith("retry")) == ((await kit.state(bus, receipt)) == "waiting") or how in UNUSABLE
    after = await kit.ask(bus, kind("fine", key=1))
    assert (after.kind, after.data) == ("result", "done")
    assert not any(queue.held for queue in bus.dispatcher.queues.values())


UNUSABLE = ("retry_never", "retry_nan", "retry_far", "retry_surrogate")
"""Texts that can't be stored, delays that are none: the attempt counts as failed."""


async def test_an_overrunning_handler_is_broken_off_and_its_place_is_free_again(bus: Bus, clock: ManualClock) -> None:
    receipt = await kit.publish(bus, Do("hang"))
    await kit.until(lambda: SEEN)
    clock.advance(4.9)
    await asyncio.sleep(0)
    assert await kit.state(bus, receipt) == "running"
    clock.advance(0.2)
    await drain(bus)
    found = await bus.message(kit.DEFAULT, receipt.id)
    assert (found["state"], found["deliveries"][0]["error"].splitlines()[0]) == (
        "dead", "TimeoutError: timed out after 5 s",
    )  # fmt: skip


async def test_an_overrunning_thread_keeps_its_place_and_its_key_until_it_ends(bus: Bus, clock: ManualClock) -> None:
    GATES["gate"] = threading.Event()
    slow = await kit.publish(bus, Aside("gate"))
    follower = await kit.publish(bus, Aside("next"))
    other = await kit.publish(bus, Aside("other", key=2))
    await kit.until(lambda: SEEN)
    clock.advance(6)
    for _ in range(20):
        await asyncio.sleep(0)
    assert await kit.why(bus, slow) == "overrunning"
    assert [await kit.why(bus, receipt) for receipt in (follower, other)] == ["key", "queued"]
    assert SEEN == ["gate"]
    GATES["gate"].set()
    await drain(bus)
    assert await kit.state(bus, slow) == "dead"
    assert sorted(SEEN) == ["gate", "next", "other"]
    assert await kit.value(bus, "SELECT count(*) FROM installation WHERE key = 'late'") == 0


async def test_a_handler_that_swallows_its_cancellation_is_cancelled_all_the_same(bus: Bus) -> None:
    receipt = await kit.publish(bus, Do("swallow"))
    await kit.until(lambda: SEEN)
    await bus.cancel(kit.DEFAULT, receipt.id, "me")
    await drain(bus)
    assert await kit.state(bus, receipt) == "cancelled"
    assert (await kit.ask(bus, Do("fine"))).data == "done"


@pytest.mark.parametrize(("how", "end"), [("cancels itself", "done"), ("cancels itself and fails", "dead")])
async def test_a_handler_that_cancels_its_own_task_disturbs_no_other_delivery(bus: Bus, how: str, end: str) -> None:
    """Story: the cancellation met the next await of its worker, which was the next delivery's."""
    lines = [Do(how if n % 4 == 0 else "rests") for n in range(8)]
    receipts = await bus.publish_all([Publication(message=line, workspace=kit.DEFAULT) for line in lines])
    await drain(bus)
    assert [await kit.state(bus, receipt) for receipt in receipts] == [end, "done", "done", "done"] * 2


async def test_a_running_thread_can_not_be_cancelled_and_says_so(bus: Bus) -> None:
    GATES["gate"] = threading.Event()
    receipt = await kit.publish(bus, Aside("gate"))
    await kit.until(lambda: SEEN)
    with pytest.raises(Exception, match="runs in a thread"):
        await bus.cancel(kit.DEFAULT, receipt.id, "me")
    GATES["gate"].set()
    await drain(bus)
    assert await kit.state(bus, receipt) == "done"


async def test_a_failed_guard_in_a_step_runs_the_handler_again_at_no_cost(bus: Bus) -> None:
    await bus.store.write([Statement("INSERT INTO installation (key, value) VALUES ('there', 'x')")])
    receipt = await kit.publish(bus, Do("guarded_step"))
    await drain(bus)
    assert await kit.state(bus, receipt) == "done"
    assert SEEN == ["guarded_step"] * 2
    assert (await bus.message(kit.DEFAULT, receipt.id))["attempts"] == []


async def test_a_guard_that_never_holds_is_given_up(bus: Bus) -> None:
    receipt = await kit.publish(bus, Do("guarded_step"))
    GATES["guard"] = "no"
    await drain(bus)
    assert await kit.state(bus, receipt) == "dead"


async def test_the_watchdog_names_the_handler_that_blocks_the_loop(tmp_path: Path) -> None:
    """Its time is real: a thread looks at the loop from outside."""
    named: list[str | None] = []
    async with running_bus(REGISTRY, tmp_path) as bus:
        plain = watchdog.log.error
        try:
            watchdog.log.error = lambda text, **fields: named.append(fields["handler"])  # type: ignore[method-assign]
            await kit.ask(bus, Do("block"))
        finally:
            watchdog.log.error = plain  # type: ignore[method-assign]
    assert named == ["t.do (loop)"]


async def test_a_damaged_message_is_dead_at_once_and_says_why(tmp_path: Path, clock: ManualClock) -> None:
    SEEN.clear()
    bus = await Bus.open(tmp_path, REGISTRY, clock=clock)
    receipt = await kit.publish(bus, Do("fine"))
    await bus.store.write([Statement("UPDATE messages SET body = ? WHERE seq = ?", (b'{"how":"exit"}', receipt.seq))])
    await bus.stop()
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await drain(bus)
        found = await bus.message(kit.DEFAULT, receipt.id)
        assert (found["state"], found["deliveries"][0]["reason"], SEEN) == ("dead", "checksum", [])
