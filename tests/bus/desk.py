"""A store without a bus around it: messages in, deliveries out, one move at a time."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
from needlework.bus.commits import Commit
from needlework.bus.context import Context
from needlework.bus.controls import Controls
from needlework.bus.messages import Message
from needlework.bus.records import Completions, Delivery, Finish, NewMessage, Receipt
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.sqlite.store import SqliteStore
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock
from needlework.tests.bus import kit


class Plain(Message[None], topic="t.plain", key=("key",)):
    """No order, nothing coalesced."""

    key: int = 0
    body: int = 0


class Ordered(Message[None], topic="t.ordered", key=("key",)):
    """One at a time for a key, for two runners."""

    key: int = 0
    body: int = 0


class Dropped(Message[None], topic="t.dropped", key=("key",)):
    """The same again is absorbed while it waits."""

    key: int = 0
    body: int = 0


@subscribe(Plain, runner="first")
@subscribe(Ordered, runner="first")
@subscribe(Dropped, runner="first")
async def first(message: Message[None], ctx: Context) -> None:
    """Never called."""


@subscribe(Ordered, runner="second")
async def second(message: Message[None], ctx: Context) -> None:
    """Never called."""


REGISTRY: Registry = kit.registry(
    first, second, t__ordered={"order": "key", "replies": "first", "retention": "1h"}, t__dropped={"coalesce": "drop"}
)


class Desk:
    """Drives one store. `crash` drops it, `reopen` opens the file as the next process would."""

    def __init__(self, directory: Path, clock: ManualClock, *, inline: bool = False) -> None:
        self.directory, self.clock, self.inline = directory, clock, inline
        self.generation = 0
        self.living: set[str] = set()
        self.store: SqliteStore
        self.controls = Controls(clock)
        self.commits: list[Commit] = []

    async def open(self) -> None:
        """Open the file with a new epoch."""
        self.generation += 1
        epoch = f"epoch{self.generation}"
        self.store = await SqliteStore.open(
            self.directory / "needlework.db", REGISTRY, self.clock, epoch=epoch, controls=self.controls,
            durability="process", inline=self.inline, readers=1, is_alive=self.living.__contains__,
        )  # fmt: skip
        self.store.committed = self.commits.append
        self.commits.clear()

    async def own(self) -> int:
        """Own all runners; how many deliveries were rescued."""
        return await self.store.own(list(self.store.runners))

    async def stop(self) -> None:
        """As a clean stop does."""
        await self.store.release()
        await self.store.close()

    async def crash(self) -> None:
        """Close without giving anything back."""
        await self.store.close()

    def usurp(self) -> None:
        """Another process makes itself the owner of all runners."""
        with contextlib.closing(sqlite3.connect(self.directory / "needlework.db")) as other, other:
            other.execute("UPDATE owners SET epoch = 'usurper'")

    def new(self, message: Message[Any], *, workspace: int = 1, **fields: Any) -> NewMessage:
        """A message as the bus would hand it to the store."""
        lane = self.store.topics[self.store.registry.topic_of(message).name]
        body = msgspec.json.encode(message)
        fields.setdefault("priority", 5)
        fields.setdefault("idempotency_hash", crc32(body))
        fields.setdefault("key", self.store.registry.topic_of(message).key_of(message))
        return NewMessage(lane=lane, workspace=workspace, message=message, body=body, checksum=crc32(body), **fields)

    async def insert(self, message: Message[Any], **fields: Any) -> Receipt:
        """Store one message."""
        return (await self.store.insert([self.new(message, **fields)]))[0]

    async def take(self, limit: int = 1000) -> list[Delivery]:
        """Take from every lane of every runner, from its beginning."""
        found: list[Delivery] = []
        for runner in self.store.runners.values():
            for lane in await self.store.lanes(runner):
                page = await self.store.take(runner, lane, (0, 0), limit, self.clock.now())
                found.extend(page.deliveries)
        return found

    async def prune(self, batch: int = 100) -> int:
        """A batch of retention; how many messages went."""
        return (await self.store.prune(self.clock.now(), batch))[0]

    async def finish(self, delivery: Delivery, kind: str = "result", **fields: Any) -> Exception | None:
        """End an attempt, or a step of it; what the store said to it."""
        answer: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

        def settled(finish: Finish, error: Exception | None) -> None:
            answer.set_result(error)

        fields.setdefault("data", None)
        self.store.finish(Finish(delivery=delivery, kind=kind, settled=settled, **fields))
        return await answer

    async def complete(self, deliveries: Sequence[Delivery], report: bytes | None = None) -> Exception | None:
        """End attempts that returned and wrote nothing, together; what the store said to it."""
        answer: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        ends: list[tuple[Delivery, bytes | None, bytes | None]] = [(delivery, report, None) for delivery in deliveries]
        self.store.finish(Completions(ends, lambda completions, error: answer.set_result(error)))
        return await answer

    async def retry(self, delivery: Delivery, seconds: float) -> Exception | None:
        """Let a delivery wait for its next attempt."""
        delay = round(seconds * 1_000_000)
        return await self.finish(delivery, "retrying", delay=delay, error="Error: stumbled")

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the file."""
        return [tuple(row) for row in await self.store.read(Statement(sql, values))]

    async def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row."""
        return (await self.rows(sql, *values))[0][0]


def seqs(deliveries: Sequence[Delivery]) -> list[tuple[str, int]]:
    """(runner, message) of deliveries, in order."""
    return sorted((delivery.runner.name, delivery.seq) for delivery in deliveries)
