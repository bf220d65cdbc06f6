"""Handlers that wait for nothing run in stretches and are acknowledged together: nobody may notice."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.messages import Message
from needlework.bus.records import EventRecord
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

SEEN: list[int] = []
GATE: list[asyncio.Event] = []
FILE: list[Path] = []


async def again(ctx: Context) -> None:
    """Two plain reports, and one while the first is on its way."""
    for done in (1, 2, 3):
        await ctx.progress(done)


async def then_waits(ctx: Context) -> None:
    """The report is seen while the handler waits."""
    await ctx.progress(1)
    await GATE[0].wait()


async def then_logs(ctx: Context) -> None:
    """What comes at once comes after it."""
    await ctx.progress(1)
    await ctx.log("said")
    await ctx.progress(2)


async def then_fails(ctx: Context) -> None:
    """It is kept all the same."""
    await ctx.progress(1)
    raise RuntimeError("no")


REPORTS = {
    "once": lambda ctx: ctx.progress(1), "again": again, "waits": then_waits, "logs": then_logs, "fails": then_fails
}  # fmt: skip
STORED = {
    "once": ["progress 1", "result"], "again": ["progress 1", "progress 3", "result"], "fails": ["progress 1", "dead"],
    "logs": ["progress 1", "log", "progress 2", "result"],
}  # fmt: skip


class Do(Message[Any], topic="t.do"):
    """Behave as `how` says."""

    n: int
    how: str = ""


@subscribe(Do, runner="loop")
async def do(message: Do, ctx: Context) -> Any:
    """At once, later, or not at all."""
    SEEN.append(message.n)
    if message.how == "gate":
        return await GATE[0].wait()
    if message.how == "yield":
        await asyncio.sleep(0)
    if message.how == "throw":
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0)
        except TimeoutError:
            return "late"
    if message.how in REPORTS:
        await REPORTS[message.how](ctx)
    if message.how == "refuse":
        raise Refuse(422, "no", "no")
    if message.how == "unfit":
        return object()
    if message.how == "vanish":  # another hand takes the next message's delivery away
        with sqlite3.connect(FILE[0]) as connection:
            connection.execute("DELETE FROM deliveries WHERE message = (SELECT max(message) FROM deliveries) - 1")
        connection.close()
    return {"n": message.n} if message.how == "data" else None


REGISTRY = kit.registry(do, runners={"loop": kit.runner(concurrency=4)}, t__do={"retry": {"attempts": 1}})


async def test_whatever_a_handler_does_it_ends_once_and_in_order(tmp_path: Path) -> None:
    SEEN.clear()
    ways = ["", "data", "yield", "throw", "refuse", "unfit", "", ""] * 20
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.pause("loop", "test")
        for n, how in enumerate(ways):
            await kit.publish(bus, Do(n, how))
        await bus.resume("loop", "test")
        await drain(bus)
        kinds = await kit.rows(bus, "SELECT kind, count(*) FROM events GROUP BY kind ORDER BY kind")
        assert kinds == [("dead", 20), ("refused", 20), ("result", 120)]
        data = await kit.rows(bus, "SELECT data, count(*) FROM events WHERE kind = 'result' GROUP BY data ORDER BY 2")
        assert (None, 80) in data
        assert (b'"late"', 20) in data
    assert sorted(SEEN) == SEEN
    assert len(SEEN) == len(ways)


async def test_one_that_waits_does_not_hold_back_the_acks_before_it(tmp_path: Path) -> None:
    GATE[:] = [asyncio.Event()]
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.pause("loop", "test")
        for n in range(5):
            await kit.publish(bus, Do(n))
        await kit.publish(bus, Do(5, "gate"))
        for n in range(6, 10):
            await kit.publish(bus, Do(n))
        async with asyncio.timeout(10):
            events = bus.events(workspace=kit.DEFAULT, after=0)
            await bus.resume("loop", "test")
            for _ in range(9):
                await anext(events)
        assert await kit.value(bus, "SELECT count(*) FROM deliveries") == 1
        GATE[0].set()
        await drain(bus)


async def test_one_whose_delivery_is_gone_takes_no_other_with_it(tmp_path: Path) -> None:
    FILE[:] = [tmp_path / "needlework.db"]
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.pause("loop", "test")
        for n, how in enumerate(["", "vanish", "", "", ""]):
            await kit.publish(bus, Do(n, how))
        await bus.resume("loop", "test")
        await drain(bus)
        assert await kit.value(bus, "SELECT count(*) FROM events") == 4
        assert bus.dispatcher.execution.stale == 1


@pytest.mark.parametrize("how", STORED)
async def test_reports_are_stored_in_their_order_before_the_end(tmp_path: Path, how: str) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        receipt = await kit.publish(bus, Do(1, how))
        found = await kit.events(bus, receipt)
    shown = [f"{each.kind} {json.loads(each.data or b'')['done']}" if each.kind == "progress" else each.kind
             for each in found]  # fmt: skip
    assert shown == STORED[how]


async def test_a_report_of_one_that_waits_is_seen_while_it_waits(tmp_path: Path) -> None:
    GATE[:] = [asyncio.Event()]
    async with running_bus(REGISTRY, tmp_path) as bus, asyncio.timeout(20):
        receipt = await kit.publish(bus, Do(1, "waits"))
        events = bus.events(workspace=kit.DEFAULT, message=receipt.id)
        first = await anext(events)
        assert isinstance(first, EventRecord)
        assert first.kind == "progress"
        GATE[0].set()
        assert [getattr(each, "kind", None) async for each in events] == ["result"]
