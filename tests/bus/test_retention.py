"""What retention leaves behind: marks for readers that resume, a log for people, no dead sessions (P8, P10)."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from needlework.bus.bus import Bus
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import InvalidMessage
from needlework.bus.maintenance import CONFIRM
from needlework.bus.messages import Message
from needlework.bus.permissions import READ, WORKSPACES_WRITE
from needlework.bus.principals import LOCAL, Requester
from needlework.bus.records import EventRecord, Reset
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

DAY = 24 * 3600


class Brief(Message[None], topic="t.brief"):
    """Kept for a minute."""


class Lasting(Message[None], topic="t.lasting"):
    """Kept for a month."""


@subscribe(Brief, runner="r")
@subscribe(Lasting, runner="r")
async def take(message: Brief | Lasting, ctx: Context) -> None:
    """Nothing."""


REGISTRY = kit.registry(take, t__brief={"retention": "1m"}, t__lasting={"retention": "30d"})


async def first(bus: Bus, after: int, topic: str | None = None) -> EventRecord | Reset | None:
    """What a reader that resumes hears first; None where there is nothing to hear."""
    events = bus.events(workspace=kit.DEFAULT, after=after, topic=topic)
    try:
        return await asyncio.wait_for(anext(events), 0.2)
    except TimeoutError:
        return None


async def test_p10_a_gap_behind_what_is_kept_longer_is_told(tmp_path: Path, clock: ManualClock) -> None:
    """Only the oldest event that was kept told of a gap: one lasting message hid all that was gone behind it."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Lasting())
        for _ in range(3):
            await kit.publish(bus, Brief())
            await drain(bus)
        last = await bus.inspection.latest_event()
        clock.advance(3600)
        await bus.maintenance.prune()
        assert await kit.value(bus, "SELECT count(*) FROM messages") == 1
        assert await first(bus, 1) == Reset(last + 1)
        assert await first(bus, last - 1, "t.brief") == Reset(last + 1)
        assert await first(bus, last) is None, "nothing behind it is gone"
        assert not isinstance(await first(bus, 0, "t.lasting"), Reset), "nothing of this topic is gone"
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        assert await first(bus, 1) == Reset(last + 1), "the mark outlives the process"


async def test_p10_a_gap_that_comes_while_a_slow_reader_catches_up_is_told(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told of a gap behind its resume point alone: what retention removed before it came there was missing."""
    monkeypatch.setattr("needlework.bus.events.PAGE", 2)
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        for _ in range(4):
            await kit.publish(bus, Brief())
            await drain(bus)
        kept, last = (await kit.publish(bus, Lasting())).id, await bus.inspection.latest_event()
        await drain(bus)
        slow = bus.events(workspace=kit.DEFAULT, after=0)
        got = [await anext(slow), await anext(slow)]
        clock.advance(3600)
        await bus.maintenance.prune()
        after = [await asyncio.wait_for(anext(slow), 20) for _ in range(2)]
        await kit.publish(bus, Brief())
        after += [await asyncio.wait_for(anext(slow), 20)]
    assert [event.seq for event in got if isinstance(event, EventRecord)] == [1, 2]
    assert after[0] == Reset(last + 1)
    assert [event.topic for event in after[1:] if isinstance(event, EventRecord)] == ["t.lasting", "t.brief"], kept


async def test_p08_a_jump_of_the_clock_removes_nothing_until_it_was_steady_for_a_day(
    tmp_path: Path, clock: ManualClock
) -> None:
    """A clock that is set ten years ahead by mistake makes everything old at once."""

    async def left() -> object:
        return await kit.value(bus, "SELECT count(*) FROM messages")

    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.pass_time(bus, clock, 3, step=1)
        await kit.publish(bus, Brief())
        await drain(bus)
        clock.step(3650 * DAY)
        await kit.pass_time(bus, clock, 300, step=20)
        assert await left() == 1
        await kit.pass_time(bus, clock, CONFIRM - 400, step=CONFIRM / 4)
        assert await left() == 1
        await kit.pass_time(bus, clock, 600, step=60)
        assert await left() == 0


async def test_p10_a_resume_point_that_never_was_is_told(tmp_path: Path) -> None:
    """A reader of another database waited in silence until the numbers of this one had passed its own."""
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, Lasting())
        await drain(bus)
        latest = await bus.inspection.latest_event()
        events = bus.events(workspace=kit.DEFAULT, after=10**9)
        assert await anext(events) == Reset(latest + 1)
        await kit.publish(bus, Lasting())
        event = await asyncio.wait_for(anext(events), 5)
        assert isinstance(event, EventRecord)
        assert event.seq == latest + 1


async def test_p10_a_resume_point_of_a_message_that_never_was_is_told_and_all_of_it_follows(tmp_path: Path) -> None:
    """A finished message's stream ended without a word: its end lay before a number that there is not yet."""
    async with running_bus(REGISTRY, tmp_path) as bus:
        receipt = await kit.publish(bus, Lasting())
        await drain(bus)
        whole = [event.frame for event in await kit.events(bus, receipt)]
        latest = await bus.inspection.latest_event()
        for after, expected in ((10**9, [Reset(1), *whole]), (latest, [])):
            events = bus.events(workspace=kit.DEFAULT, after=after, message=receipt.id)
            assert [event if isinstance(event, Reset) else event.frame async for event in events] == expected


async def test_the_log_for_people_ends_with_its_retention_and_not_before(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await bus.audit.record("me", None, "old", "x")
        clock.advance(399 * DAY)
        await bus.audit.record("me", None, "young", "x")
        await bus.maintenance.prune()
        assert await kit.rows(bus, "SELECT action FROM audit") == [("old",), ("young",)]
        clock.advance(2 * DAY)
        await bus.maintenance.prune()
        assert await kit.rows(bus, "SELECT action FROM audit") == [("young",)]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            await bus.store.write([Statement("DELETE FROM audit")])


async def test_tickets_and_sessions_that_ended_are_removed(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await bus.sessions.open(LOCAL)
        await bus.sessions.ticket(LOCAL)
        clock.advance(8 * DAY)
        await bus.maintenance.prune()
        assert await kit.value(bus, "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM tickets)") == 0


async def test_schedules_that_are_gone_for_long_are_forgotten_and_others_are_not(
    tmp_path: Path, clock: ManualClock
) -> None:
    """The last slot of each was kept for ever, that of a plug-in that never came back too."""
    hourly = kit.registry(take, t__brief={"schedule": "every 1h"}, t__lasting={"schedule": "every 1h"})
    async with running_bus(hourly, tmp_path, clock=clock) as bus:
        await kit.pass_time(bus, clock, 3700, step=100)
        await drain(bus)
        assert await kit.value(bus, "SELECT count(*) FROM slots") == 2
    left = kit.registry(take, t__brief={"schedule": "every 1h", "missed": "skip"})
    for days, names in ((300, {"topic:t.brief", "topic:t.lasting"}), (101, {"topic:t.brief"})):
        clock.advance(days * DAY)
        async with running_bus(left, tmp_path, clock=clock) as bus:
            await bus.maintenance.prune()
            for table in ("slots", "anchors"):
                rows = await kit.rows(bus, f"SELECT DISTINCT schedule FROM {table}")
                assert {name for (name,) in rows} == names


async def test_p16_what_a_token_hands_on_ends_with_it(tmp_path: Path, clock: ManualClock) -> None:
    """It could make a token without an end; and a ticket of its session opened one that outlived its revocation."""
    rights = frozenset((READ, WORKSPACES_WRITE))
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        end = clock.now() + 3600 * SECOND
        text, record = await bus.tokens.create("short", rights, None, end, LOCAL)
        holder = await bus.tokens.check(text)
        assert holder is not None
        session = await bus.sessions.check(await bus.sessions.open(holder))
        assert session is not None
        for by in (holder, session, Requester(session)):
            with pytest.raises(InvalidMessage) as caught:
                await bus.tokens.create("long", rights, None, end + SECOND, by)
            assert "later than" in str(caught.value.errors)
            _, made = await bus.tokens.create("same", rights, None, None, by)
            assert made.expires_at == record.expires_at
        _, free = await bus.tokens.create("free", rights, None, None, LOCAL)
        assert free.expires_at is None
        second = await bus.sessions.redeem(await bus.sessions.ticket(session))
        assert second is not None
        assert await bus.sessions.check(second) is not None
        assert await kit.value(bus, "SELECT count(*) FROM audit WHERE action = 'ticket.issued'") == 1
        await bus.tokens.revoke(record.id, LOCAL)
        clock.advance(1)
        assert await bus.sessions.check(second) is None


async def test_f24_retention_keeps_what_is_unfinished_and_the_file_reuses_its_space(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock, durability="process") as bus:
        await bus.pause("t.lasting", "me", kind="topic")
        kept = [await kit.publish(bus, Lasting()) for _ in range(20)]
        pages = []
        for _ in range(4):
            await asyncio.gather(*(kit.publish(bus, Brief()) for _ in range(1000)))
            await drain(bus)
            clock.advance(40 * DAY)
            while await bus.maintenance.prune():
                await kit.publish(bus, Brief())
            pages.append(await kit.value(bus, "SELECT page_count FROM pragma_page_count"))
        assert pages[3] <= pages[1] * 1.1, pages  # a round that reused nothing would add as many again
        assert {await kit.state(bus, receipt) for receipt in kept} == {"parked"}
        await bus.resume("t.lasting", "me", kind="topic")
        await drain(bus)
        assert {await kit.state(bus, receipt) for receipt in kept} == {"done"}


async def test_f24_what_is_published_while_retention_removes_comes_between_its_batches(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Story: 500 messages went in one transaction, which held up the writer for 0.1 s in a large file."""
    async with running_bus(REGISTRY, tmp_path, clock=clock, durability="process") as bus:
        await asyncio.gather(*(kit.publish(bus, Brief()) for _ in range(450)))
        await drain(bus)
        bus.maintenance.stop()  # it would remove by itself
        clock.advance(40 * DAY)
        removing = asyncio.create_task(bus.maintenance.prune())
        left = set()
        while not removing.done():
            await kit.publish(bus, Brief(), due=clock.now() + SECOND)
            left.add(await kit.value(bus, "SELECT count(*) FROM messages WHERE seq <= 450"))
        assert {count for count in left if 0 < count < 450}, "some of it was gone, and not all"
        assert await removing == 450, "one step goes on until nothing is left"


async def test_p08_all_keys_that_have_ended_go_with_one_walk(tmp_path: Path, clock: ManualClock) -> None:
    """Story: 500 a minute went, so that a thousand a second grew for ever."""
    async with running_bus(REGISTRY, tmp_path, clock=clock, durability="process") as bus:
        await asyncio.gather(*(kit.publish(bus, Brief(), idempotency_key=f"k{n}") for n in range(700)))
        await drain(bus)
        bus.maintenance.stop()
        clock.advance(40 * DAY)
        await bus.maintenance.prune()
        assert await kit.value(bus, "SELECT count(*) FROM idempotency") == 0


async def test_p07_dead_letters_that_are_kept_for_long_keep_no_others(tmp_path: Path, clock: ManualClock) -> None:
    """Story: the first 500 were looked at again and again, and nothing behind them ever went."""
    registry = kit.registry(take, t__brief={"dead_retention": "1d"}, t__lasting={"dead_retention": "90d"})
    async with running_bus(registry, tmp_path, clock=clock, durability="process") as bus:
        dead = (
            "INSERT INTO dead (message, runner, workspace, topic, priority, at, attempt, reason, error)"
            " WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?)"
            " SELECT n + ?, r.id, 1, t.id, 5, ?, 1, 'attempts', '' FROM c, names r, names t"
            " WHERE r.kind = 'runner' AND t.kind = 'topic' AND t.name = ?"
        )
        for count, before, topic in ((600, 0, "t.lasting"), (600, 600, "t.brief")):
            await bus.store.write([Statement(dead, (count, before, clock.now(), topic))])
        clock.advance(2 * DAY)
        await bus.maintenance.prune()
        assert await kit.rows(bus, "SELECT count(*), max(message) FROM dead") == [(600, 600)]
