"""The published promises, each by a test of its number that fails where it is broken (others stand in their files)."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from needlework.bus.bus import Bus
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import IdempotencyConflict, InvalidMessage, OverBudget, Refuse, TooLarge
from needlework.bus.messages import Message
from needlework.bus.records import EventRecord, Publication, Reset
from needlework.bus.retry import RetryPolicy
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

ATTEMPTS: list[tuple[str, int]] = []
GATES: dict[str, asyncio.Event] = {}


class Job(Message[Any], topic="t.job"):
    """Ends as `how` says."""

    how: str = ""
    text: str = ""


class Short(Message[None], topic="t.short"):
    """Kept for an hour."""


@subscribe(Job, runner="one")
async def one(message: Job, ctx: Context) -> Any:
    """The runner that answers."""
    ATTEMPTS.append((ctx.runner, ctx.attempt))
    ctx.write(Statement("INSERT INTO installation (key, value) VALUES (?, ?)", (ctx.delivery_id, str(ctx.attempt))))
    if message.how == "wait":
        await GATES["it"].wait()
    if message.how == "fail":
        raise RuntimeError("no")
    if message.how == "refuse":
        raise Refuse(422, "no", "no")
    if message.how == "report":
        for step in range(40):
            await ctx.progress(step, of=40)
            await ctx.progress(step, kind="step")
    return {"attempt": ctx.attempt}


@subscribe(Job, runner="two")
@subscribe(Short, runner="two")
async def two(message: Job | Short, ctx: Context) -> None:
    """A second subscriber."""
    ATTEMPTS.append((ctx.runner, ctx.attempt))


RETRY = {"attempts": 3, "first": "2s", "factor": 3.0, "most": "5s", "jitter": 0.0}
REGISTRY = kit.registry(
    one, two, t__job={"replies": "one", "retry": RETRY, "retention": "1h"}, t__short={"retention": "1h"}
)


@pytest.fixture(autouse=True)
def clean() -> None:
    ATTEMPTS.clear()
    GATES.clear()
    GATES["it"] = asyncio.Event()


async def test_p01_what_was_acknowledged_survives_a_crash_for_every_runner(tmp_path: Path) -> None:
    bus = await Bus.open(tmp_path, REGISTRY)
    receipts = [await kit.publish(bus, Job()) for _ in range(20)]
    await kit.kill(bus)
    async with running_bus(REGISTRY, tmp_path) as bus:
        await drain(bus)
        for receipt in receipts:
            assert len(kit.endings(await kit.events(bus, receipt))) == 2


async def test_p01_the_disk_is_flushed_before_a_publish_is_answered(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        settings = await bus.store.writer.run(
            lambda t: [t.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
        )
        assert settings == [2, "wal"]


async def test_p02_a_crash_hands_over_again_with_a_greater_attempt_and_effects_are_there_once(tmp_path: Path) -> None:
    async with kit.doomed_bus(REGISTRY, tmp_path) as bus:
        receipt = await kit.publish(bus, Job("wait"))
        await kit.until(lambda: ("one", 1) in ATTEMPTS)
        assert await kit.value(bus, "SELECT count(*) FROM windows") >= 1  # said on disk before the handler began
    GATES["it"].set()
    async with running_bus(REGISTRY, tmp_path) as bus:
        await drain(bus)
        assert ATTEMPTS.count(("one", 2)) == 1
        effects = await kit.rows(bus, "SELECT value FROM installation WHERE key LIKE ?", f"{receipt.id}%")
        assert effects == [("2",)]


async def test_p07_backoff_grows_to_its_most_and_ends_in_a_dead_letter(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        receipt = await kit.publish(bus, Job("fail"))
        waits = []
        for _ in range(3):
            await drain(bus)
            rows = await kit.rows(bus, "SELECT due FROM deliveries")
            waits += [row[0] - clock.now() for row in rows]
            clock.advance(5)
        assert waits == [2 * SECOND, 5 * SECOND]  # 2 s, then 6 s cut to `most`
        found = await bus.message(kit.DEFAULT, receipt.id)
        assert [d["state"] for d in found["deliveries"]] == ["dead", "done"]
        assert len(found["attempts"]) == 3


def test_p07_jitter_is_spread_and_the_same_for_the_same_delivery() -> None:
    policy = RetryPolicy(first="10s", jitter=0.2)
    delays = {policy.delay(1, f"{seed}") for seed in range(200)}
    assert len(delays) > 150
    assert 8 * SECOND <= min(delays) < 8.5 * SECOND < 11.5 * SECOND < max(delays) <= 12 * SECOND
    assert policy.delay(3, "x") == policy.delay(3, "x")


@pytest.mark.crashes
async def test_p07_crashes_do_not_count_towards_the_attempts(tmp_path: Path) -> None:
    for _ in range(4):  # one more than the topic allows
        async with kit.doomed_bus(REGISTRY, tmp_path) as bus:
            if not await kit.value(bus, "SELECT count(*) FROM messages"):
                await kit.publish(bus, Job("wait"))
            started = len(ATTEMPTS)
            if await kit.value(bus, "SELECT max(suspicion) FROM positions") == 2:
                break
            await kit.until(lambda started=started: len(ATTEMPTS) > started or ATTEMPTS)
    async with running_bus(REGISTRY, tmp_path, runners=[]) as bus:
        assert await kit.value(bus, "SELECT count(*) FROM dead") == 0


async def test_p07_what_the_caller_did_wrong_is_refused_at_once(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        assert (await kit.ask(bus, Job("refuse"))).kind == "refused"
        await drain(bus)
        assert [runner for runner, _ in ATTEMPTS].count("one") == 1


async def test_p08_retention_keeps_the_unfinished_and_the_dead(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        dead = await kit.publish(bus, Job("fail"))
        for _ in range(3):
            await drain(bus)
            clock.advance(5)
        waiting = await kit.publish(bus, Job(), due=clock.now() + 7 * 24 * 3600 * SECOND)
        done = await kit.publish(bus, Short())
        await drain(bus)
        await kit.pass_time(bus, clock, 3 * 3600, step=30 * 60)
        kept = {row[0] for row in await kit.rows(bus, "SELECT seq FROM messages")}
        assert kept == {dead.seq, waiting.seq}
        assert done.seq not in kept


async def test_p08_removal_shows_in_the_oldest_number(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Short())
        await drain(bus)
        await kit.pass_time(bus, clock, 3 * 3600, step=30 * 60)
        later = await kit.publish(bus, Short())
        assert (await bus.messages(kit.DEFAULT))["oldest_seq"] == later.seq


async def test_p07_a_dead_letter_goes_after_its_dead_retention(tmp_path: Path, clock: ManualClock) -> None:
    policies = {"t__job": {"replies": "one", "retry": RETRY, "retention": "1h", "dead_retention": "1d"}}
    async with running_bus(kit.registry(one, two, **policies), tmp_path, clock=clock) as bus:
        await kit.publish(bus, Job("fail"))
        for _ in range(3):
            await drain(bus)
            clock.advance(5)
        await kit.pass_time(bus, clock, 12 * 3600, step=3600)
        assert await kit.rows(bus, "SELECT count(*) FROM dead") == [(1,)]
        await kit.pass_time(bus, clock, 24 * 3600, step=3600)
        assert await kit.rows(bus, "SELECT count(*) FROM dead") == [(0,)]
        assert await kit.rows(bus, "SELECT count(*) FROM messages") == [(0,)]


async def test_p10_a_stream_resumes_without_gap_or_repeat(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        receipt = await kit.publish(bus, Job("report"))
        everything = [event.seq for event in await kit.events(bus, receipt)]
        for cut in range(0, len(everything), 7):
            after = everything[cut]
            again = [
                event.seq
                async for event in bus.events(workspace=kit.DEFAULT, message=receipt.id, after=after)
                if isinstance(event, EventRecord)
            ]
            assert again == everything[cut + 1 :]


async def test_p10_reports_with_a_kind_are_never_merged(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        receipt = await kit.publish(bus, Job("report"))
        data = [msgspec.json.decode(event.data) for event in await kit.events(bus, receipt) if event.data]
        assert [entry["done"] for entry in data if entry.get("kind") == "step"] == list(range(40))


async def test_p10_a_resume_point_that_is_gone_is_said(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        for _ in range(5):
            await kit.publish(bus, Short())
        await drain(bus)
        clock.advance(1800)
        await drain(bus)
        await kit.publish(bus, Job())
        await drain(bus)
        await kit.pass_time(bus, clock, 2400, step=600)
        stream = bus.events(workspace=kit.DEFAULT, after=1)
        assert isinstance(await anext(stream), Reset)
        await stream.aclose()  # type: ignore[attr-defined]


async def test_p12_a_stop_lets_handlers_end_and_returns_the_rest_at_no_cost(tmp_path: Path) -> None:
    bus = await Bus.open(tmp_path, REGISTRY)
    await bus.start()
    receipt = await kit.publish(bus, Job("wait"))
    await kit.until(lambda: ("one", 1) in ATTEMPTS)
    stopping = asyncio.create_task(bus.stop(grace=10))
    await kit.until(lambda: bus.dispatcher.stopping)
    GATES["it"].set()
    await stopping
    GATES["it"] = asyncio.Event()
    bus = await Bus.open(tmp_path, REGISTRY)
    assert (await bus.message(kit.DEFAULT, receipt.id))["result"] == {"attempt": 1}
    await bus.start()
    slow = await kit.publish(bus, Job("wait"))
    await kit.until(lambda: ATTEMPTS.count(("one", 1)) == 2)
    unstarted = await kit.publish(bus, Job("fine"), due=bus.clock.now() + 50_000)
    await bus.stop(grace=0.01)
    GATES["it"].set()
    async with running_bus(REGISTRY, tmp_path) as bus:
        results = "SELECT count(*) = 2 FROM events WHERE kind = 'result' AND message = ?"
        await kit.until_found(bus, results, unstarted.seq)
        await drain(bus)
        found = await bus.message(kit.DEFAULT, slow.id)
        assert found["result"] == {"attempt": 2}, "it was started, so the next one is another attempt"
        assert [(line["kind"], line["attempt"]) for line in found["attempts"] if line["runner"] == "one"] == [
            ("retried", 1)
        ]
        assert (await bus.message(kit.DEFAULT, unstarted.id))["result"] == {"attempt": 1}


async def test_p12_a_service_that_has_stopped_begins_nothing_when_its_last_ends_are_written(tmp_path: Path) -> None:
    """Story: the end of a handler that was broken off woke its queue, which went to fetch more (simulation, 5279)."""
    bus, begun = await Bus.open(tmp_path, REGISTRY), []
    await bus.start()
    await kit.publish(bus, Job("wait"))
    await kit.until(lambda: ("one", 1) in ATTEMPTS)
    await bus.dispatcher.stop(0.0)

    def note(work: Any, name: str) -> None:
        begun.append(name)
        work.close()

    bus.dispatcher.background = note  # type: ignore[method-assign]
    await bus.store.settled()
    await bus.stop(0.0)
    assert begun == []


async def test_p15_too_large_and_too_many_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        with pytest.raises(TooLarge):
            await kit.publish(bus, Job(text="x" * 256 * 1024))
        await bus.pause("one", "me")
        bus.backlog[1, bus.store.topics["t.job"].number] = 1_000_000
        with pytest.raises(OverBudget) as caught:
            await kit.publish(bus, Job(), principal="token:x")
        assert caught.value.retry_after
        await bus.publish_all([Publication(message=Job(), workspace=kit.DEFAULT)])  # a handler's own are never refused
        await bus.resume("one", "me")
        assert await kit.value(bus, "SELECT count(*) FROM messages") == 1


async def test_a_batch_counts_how_its_deliveries_ended(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        plan = ("", "", "refuse", "fail")
        await bus.publish_all(
            [Publication(message=Job(how), workspace=kit.DEFAULT, batch="b1") for how in plan]
            + [Publication(message=Job(), workspace=kit.DEFAULT, batch="b1", due=clock.now() + 10**9)]
        )
        await drain(bus)
        before = await bus.batch(kit.DEFAULT, "b1")
        assert (before["total"], before["done"], before["refused"], before["waiting"]) == (10, 6, 1, 3)
        (delayed,) = (await bus.messages(kit.DEFAULT, state="waiting", batch="b1", limit=1))["items"]
        await bus.cancel(kit.DEFAULT, delayed["id"], "me")
        await kit.pass_time(bus, clock, 20, step=5)
        after = await bus.batch(kit.DEFAULT, "b1")
        assert (after["dead"], after["cancelled"], after["waiting"], after["finished"]) == (1, 2, 0, True)


async def test_a_refused_publish_leaves_its_neighbours_in_the_commit_alone(tmp_path: Path) -> None:
    """A conflicting idempotency key once rolled back everything that committed with it, to be written one by one."""
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, Job("a"), idempotency_key="same")
        before = bus.store.writer.commits
        both = await asyncio.gather(
            *(kit.publish(bus, Short()) for _ in range(20)),
            kit.publish(bus, Job("b"), idempotency_key="same"),
            *(kit.publish(bus, Short()) for _ in range(20)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, IdempotencyConflict) for each in both) == 1
        assert bus.store.writer.commits - before < 20
        await drain(bus)


async def test_what_no_row_can_hold_is_refused_before_it_is_written(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        for wrong in ({"priority": 10}, {"priority": -1}, {"due": 1 << 62}, {"due": -1}):
            with pytest.raises(InvalidMessage):
                await kit.publish(bus, Short(), **wrong)
