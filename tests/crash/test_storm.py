"""F17, F16: cancellations at random instants leave every publish whole and the bus usable; the log stays small."""

import asyncio
import contextlib
import random
import sqlite3
from pathlib import Path

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import Conflict
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus

pytestmark = pytest.mark.anyio
CANCELS, CLIENTS = 10_000, 64
MIB = 1024 * 1024


class Echo(Message[int], topic="echo"):
    """Answered with its number."""

    number: int
    padding: str = ""


class Part(Message[None], topic="part", key=("group",)):
    """One of three that are published together."""

    group: int
    number: int


@subscribe(Echo, runner="work")
async def echo(message: Echo, context: Context) -> int:
    return message.number


@subscribe(Part, runner="work")
async def part(message: Part, context: Context) -> None:
    await asyncio.sleep(0)


def registry() -> Registry:
    topic = {"summary": "x", "permission": "permissionTasksWrite"}
    topics = {"echo": {**topic, "reply": "result"}, "part": {**topic, "order": "key"}}
    return Registry.of(echo, part, policies={"runners": {"work": {"description": "x"}}, "topics": topics})


class Storm:
    """Clients that begin a call and are gone before it ends."""

    def __init__(self, bus: Bus) -> None:
        self.bus, self.chance = bus, random.Random(1)
        self.workspace = bus.workspaces.by_name["default"]
        self.left = CANCELS
        self.outcomes = {"cancelled": 0, "finished": 0}

    async def client(self) -> None:
        while self.left > 0:
            self.left -= 1
            call = asyncio.create_task(self.call(self.left))
            for _ in range(self.chance.randrange(12)):
                await asyncio.sleep(0)
            if self.chance.random() < 0.5:
                await asyncio.wait({call}, timeout=self.chance.random() * 0.08)
            call.cancel()
            (ended,) = await asyncio.wait_for(asyncio.gather(call, return_exceptions=True), 10)
            self.outcomes["cancelled" if isinstance(ended, asyncio.CancelledError) else "finished"] += 1
            assert not isinstance(ended, Exception), ended

    async def call(self, number: int) -> None:
        parts = [Part(group=number, number=n) for n in range(3)]
        match number % 4:
            case 0:
                await self.bus.publish(Publication(message=Echo(number=number), workspace=self.workspace))
            case 1:
                await self.bus.publish_all([Publication(message=p, workspace=self.workspace) for p in parts])
            case 2:
                publication = Publication(message=Echo(number=number), workspace=self.workspace)
                _, outcome = await self.bus.request(publication, timeout=5)
                assert outcome is not None
                assert outcome.data == number
            case _:
                receipt = await self.bus.publish(
                    Publication(
                        message=Echo(number=number), workspace=self.workspace, due=self.bus.clock.now() + 50_000
                    )
                )
                with contextlib.suppress(Conflict):  # on a busy machine it may have run already
                    await self.bus.cancel(self.workspace, receipt.id, "system")


async def test_callers_that_go_away_at_random_instants_leave_nothing_half_done(tmp_path: Path) -> None:
    async with running_bus(registry(), tmp_path) as bus:
        storm = Storm(bus)
        async with asyncio.timeout(60):
            await asyncio.gather(*[storm.client() for _ in range(CLIENTS)])
        assert min(storm.outcomes.values()) > 0, "every kind of ending was met; how often depends on the machine"
        _, outcome = await bus.request(Publication(message=Echo(number=-1), workspace=storm.workspace), timeout=5)
        assert outcome is not None
        assert outcome.data == -1
        await asyncio.sleep(0)
        assert bus.hub.waiting() == 0
        groups = await bus.store.read(
            Statement("SELECT DISTINCT count(*) FROM messages WHERE key IS NOT NULL GROUP BY key")
        )
        assert [row[0] for row in groups] == [3]
        await drain(bus)
        await asyncio.wait_for(bus.store.read(Statement("SELECT 1")), 5)
        due = Statement("SELECT count(*) FROM deliveries WHERE due <= ?", (bus.clock.now(),))
        assert [row[0] for row in await bus.store.read(due)] == [0]
        ended = Statement(
            "SELECT count(*) FROM events WHERE kind IN ('result', 'cancelled') GROUP BY message HAVING count(*) > 1"
        )
        assert await bus.store.read(ended) == []


def size(log: Path) -> int:
    return log.stat().st_size


async def publish_for(bus: Bus, seconds: float, log: Path) -> int:
    """Publish from 16 clients for a while; the largest size of the log."""
    workspace = bus.workspaces.by_name["default"]
    loop = asyncio.get_running_loop()
    end, largest = loop.time() + seconds, 0

    async def client() -> None:
        nonlocal largest
        while loop.time() < end:
            messages = [Echo(number=n, padding="x" * 500) for n in range(50)]
            await bus.publish_all([Publication(message=m, workspace=workspace) for m in messages])
            largest = max(largest, size(log))

    await asyncio.gather(*[client() for _ in range(16)])
    return largest


async def test_readers_that_take_nothing_do_not_let_the_log_grow(tmp_path: Path) -> None:
    """Streams that are open and never read; then a foreign reader that holds an old state, and goes."""
    log = tmp_path / "needlework.db-wal"
    async with running_bus(registry(), tmp_path) as bus:
        workspace = bus.workspaces.by_name["default"]
        streams = [bus.events(workspace=workspace, after=0) for _ in range(50)]
        readers = [asyncio.ensure_future(anext(stream)) for stream in streams]
        largest = await publish_for(bus, 3.0, log)
        assert largest <= 64 * MIB
        foreign = sqlite3.connect(tmp_path / "needlework.db")
        foreign.execute("BEGIN")
        foreign.execute("SELECT count(*) FROM messages").fetchone()
        await publish_for(bus, 0.5, log)
        foreign.close()
        grown = size(log)
        await publish_for(bus, 1.0, log)
        assert size(log) <= grown + 17 * MIB, "the log is reused once the reader is gone"
        await drain(bus)
        for reader, stream in zip(readers, streams, strict=True):
            await reader
            await stream.aclose()  # type: ignore[attr-defined]
