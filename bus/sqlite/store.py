"""The SQLite engine: opens the file, keeps the writer and the readers, and names the moves."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from needlework.bus.clock import Clock
from needlework.bus.commits import Commit
from needlework.bus.controls import Controls
from needlework.bus.errors import NeedleworkError
from needlework.bus.records import (
    Completions,
    Delivery,
    Finish,
    NewMessage,
    Receipt,
    RunnerLane,
    Slot,
    TopicLane,
)
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.sqlite import claiming, owning, pruning, shifting
from needlework.bus.sqlite.connections import (
    Channel,
    Readers,
    forget_index,
    keep_index,
    open_channel,
    prepare_reader,
    prepare_writer,
)
from needlework.bus.sqlite.finishing import run_statement
from needlework.bus.sqlite.judging import LOOKED_AT, look_through
from needlework.bus.sqlite.mark import NEW, Mark, reached, write_mark
from needlework.bus.sqlite.migrating import Group, migrate
from needlework.bus.sqlite.opening import WHOLE, flush_names, number_names, prepare_files, presize, unusable, write_back
from needlework.bus.sqlite.people import PeopleMoves
from needlework.bus.sqlite.shared import SharedFile
from needlework.bus.sqlite.transaction import Transaction
from needlework.bus.sqlite.turnstile import Turnstile
from needlework.bus.sqlite.units import PublishOne, PublishUnit, insert_for_slot
from needlework.bus.sqlite.writer import Writer

HERE = Path(__file__).parent


class SqliteStore(PeopleMoves):
    """One SQLite file behind the store protocol. Build it with `open`."""

    def __init__(
        self,
        path: Path,
        registry: Registry,
        clock: Clock,
        epoch: str,
        controls: Controls,
        is_alive: Callable[[str], bool],
    ) -> None:
        self.path, self.registry, self.clock, self.epoch, self.controls = path, registry, clock, epoch, controls
        self.is_alive = is_alive
        self._loop = asyncio.get_running_loop()
        self.topics: dict[str, TopicLane] = {}
        self.runners: dict[str, RunnerLane] = {}
        self.topics_by_number: dict[int, TopicLane] = {}
        self.runners_by_number: dict[int, RunnerLane] = {}
        self.names: dict[int, str] = {}
        self.all_runners: list[int] = []
        """Those of plug-ins that are gone included."""
        self.fences: dict[int, int] = {}
        self.committed: Callable[[Commit], None] = lambda commit: None
        self.writer: Writer
        self.readers: Readers
        self._marked: Mark = NEW
        self.shared: SharedFile
        self.marking = True

    @classmethod
    async def open(
        cls,
        path: Path,
        registry: Registry,
        clock: Clock,
        *,
        epoch: str,
        controls: Controls,
        groups: Sequence[Group] = (),
        durability: str = "power",
        inline: bool = False,
        readers: int = 3,
        is_alive: Callable[[str], bool] = lambda epoch: False,
        checkpoints: bool = True,
    ) -> "SqliteStore":
        """Open or make the database file, migrate it, check it against its mark.

        Raises ConfigError and StorageError, each with what to do, before anything was written where it can tell.
        """
        store = cls(path, registry, clock, epoch, controls, is_alive)
        os.umask(0o077)  # database, -wal, -shm, mark: readable by their owner alone
        channels: list[Channel] = []
        try:
            if inline:
                prepare_files(path, store.mark_path, store._groups(groups), first=checkpoints)
            else:
                look = partial(prepare_files, first=checkpoints)
                await asyncio.to_thread(look, path, store.mark_path, store._groups(groups))
            channel = await open_channel(
                path, inline=inline, read_only=False, prepare=lambda c: prepare_writer(c, durability, checkpoints)
            )
            channels.append(channel)
            await channel.run(lambda c: store._prepare(c, store._groups(groups), checkpoints))
            for _ in range(readers):
                channels.append(await open_channel(path, inline=inline, read_only=True, prepare=prepare_reader))
        except BaseException as error:
            for each in channels:
                await each.close()
            if isinstance(error, sqlite3.Error | OSError | UnicodeDecodeError):
                raise unusable(path, error) from error
            raise
        store.readers = Readers(channels[1:], lambda error: store.writer.damaged(error))
        return store._writing(channel)

    def _writing(self, channel: Channel) -> "SqliteStore":
        committed: Callable[[Commit], None] = lambda commit: self.committed(commit)  # noqa: E731 - it is set later
        self.writer = Writer(channel, self.clock, self.epoch, self.controls, committed, Turnstile(self.path))
        self.writer.lanes = self.runners_by_number
        self.shared = SharedFile(self)
        keep_index(self.path)
        return self

    @staticmethod
    def _groups(groups: Sequence[Group]) -> list[Group]:
        return [("bus", HERE / "migrations"), *groups]

    def _prepare(self, connection: sqlite3.Connection, groups: Sequence[Group], first: bool) -> None:
        if first:
            write_back(connection)
        migrate(connection, groups, self.clock.now())
        self._number_names(connection)
        if first:
            presize(connection)
        flush_names(self.path.parent)
        self._note(connection)

    @property
    def mark_path(self) -> Path:
        return self.path.with_name(self.path.name + ".mark")

    def _number_names(self, connection: sqlite3.Connection) -> None:
        """Give every topic and runner its number, and its lane here."""
        numbers = number_names(connection, {"runner": self.registry.runners, "topic": self.registry.topics})
        self.names = {number: name for (_, name), number in numbers.items()}
        self.all_runners = [number for (kind, _), number in numbers.items() if kind == "runner"]
        for name, runner in self.registry.runners.items():
            lane = RunnerLane(runner, numbers["runner", name])
            self.runners[name] = self.runners_by_number[lane.number] = lane
        for name, topic in self.registry.topics.items():
            takers = () if topic.policy.query else tuple(self.runners[runner] for runner in topic.runners)
            topic_lane = TopicLane(topic, numbers["topic", name], takers)
            self.topics[name] = self.topics_by_number[topic_lane.number] = topic_lane

    async def insert(self, messages: Sequence[NewMessage], slot: Slot | None = None) -> list[Receipt]:
        """Store messages and their deliveries, all or none; with `slot`, [] where that slot is taken."""
        if slot is not None:
            return list(await self.writer.run(lambda t: insert_for_slot(t, messages, slot)))
        future: asyncio.Future[list[Receipt]] = asyncio.get_running_loop().create_future()
        self.writer.submit(PublishUnit(messages, future))
        return await future

    def insert_one(self, message: NewMessage) -> "asyncio.Future[Receipt]":
        """Store one message; the future is set after COMMIT."""
        future: asyncio.Future[Receipt] = self._loop.create_future()
        self.writer.submit(PublishOne(message, future))
        return future

    async def take(
        self, runner: RunnerLane, lane: tuple[int, int], cursor: tuple[int, int], limit: int, now: int
    ) -> claiming.Page:
        """Take due deliveries of a (workspace, priority) lane into the runner's window."""
        page: claiming.Page = await self.writer.run(
            lambda t: claiming.take(t, runner, self.topics_by_number, lane, cursor, limit, now), risky=False
        )
        return page

    def finish(self, finish: Finish | Completions) -> None:
        """Commit an attempt's end or step, or the ends of several that did nothing else."""
        self.writer.submit(finish)

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Put an in-flight delivery aside, unstarted."""

        def move(transaction: Transaction) -> None:
            claiming.park(transaction, delivery, reason)
            transaction.commit.freed.append((delivery.runner, delivery.seq))

        await self.writer.run(move)

    async def unpark(
        self,
        reason: str,
        limit: int,
        *,
        workspace: int | None = None,
        runner: str | None = None,
        topic: str | None = None,
    ) -> int:
        """Let parked deliveries go; how many."""
        only = {
            "workspace": workspace,
            "runner": self.runners[runner].number if runner is not None else None,
            "topic": self.topics[topic].number if topic is not None else None,
        }
        count: int = await self.writer.run(lambda t: claiming.unpark(t, self.runners_by_number, reason, limit, **only))
        return count

    async def mark(self, delivery: Delivery, mark: int) -> None:
        """Durably note that a suspect starts now."""
        await self.writer.run(lambda t: claiming.enter_mark(t, delivery, mark))

    async def own(self, runners: Sequence[str]) -> int:
        """Become the owner of runners whose owner is dead, and rescue what it left in flight."""
        lanes, known = [self.runners[name] for name in runners], (self.epoch, self.topics_by_number, self.is_alive)
        return int(await self.writer.run(lambda t: owning.own(t, lanes, *known, self.fences)))

    async def lanes(self, runner: RunnerLane) -> list[tuple[int, int]]:
        """The (workspace, priority) lanes of a runner that have rows."""
        found: list[tuple[int, int]] = await self.writer.run(lambda t: claiming.lanes(t, runner), risky=False)
        return found

    async def release(self) -> None:
        """A clean stop: give all runners back with nothing in flight."""
        await self.shared.give_back([self.runners_by_number[number].name for number in self.writer.owned])

    async def shift(self, plan: shifting.Shift, batch: int) -> shifting.Shift:
        """After the wall clock was set: look at `batch` more rows, move what must move; how far it has come."""
        own = {number: self.runners_by_number[number] for number in self.writer.owned}
        return await self.writer.run(lambda t: shifting.shift(t, own, plan, batch))  # type: ignore[no-any-return]

    async def prune(self, now: int, batch: int) -> tuple[int, bool]:
        """Remove what is older than its retention: (how many messages went, whether the walk has ended)."""
        pruned: tuple[int, bool] = await self.writer.run(lambda t: pruning.prune(t, self.topics_by_number, now, batch))
        return pruned

    async def write(self, statements: Sequence[Statement]) -> None:
        """Run statements in one transaction, guards included."""

        def run_all(transaction: Transaction) -> None:
            for statement in statements:
                run_statement(transaction.connection, statement)

        await self.writer.run(run_all)
        # It is committed, whatever becomes of the mark.
        with contextlib.suppress(OSError, sqlite3.Error, NeedleworkError):
            await self.write_mark()

    async def settled(self) -> None:
        """Wait until nothing waits to be written."""
        await self.writer.settled()

    async def read(self, statement: Statement) -> list[Any]:
        """The rows of a committed snapshot."""
        return await self.readers.run(lambda c: c.execute(statement.sql, statement.params).fetchall())

    async def look_through(self) -> None:
        """Look at the pages of a file that was too large for it before the start. Raises StorageDamaged."""
        if WHOLE < self.path.stat().st_size <= LOOKED_AT:
            await asyncio.to_thread(look_through, self.path)  # a reader would keep others waiting

    async def write_mark(self) -> None:
        """Note beside the file how far it got: before a change by people is answered, else now and then."""
        await self.readers.run(self._note)

    def _note(self, connection: sqlite3.Connection) -> None:
        if self.marking and (found := reached(connection)) != self._marked:
            write_mark(self.mark_path, found)
            self._marked = found

    async def close(self, *, checkpoint: bool = True) -> None:
        """Write what waits, checkpoint where that is ours to do, close."""
        await self.writer.close()
        with contextlib.suppress(OSError, sqlite3.Error, NeedleworkError):  # a full disk: the mark stays as it was
            await self.write_mark()
        self.shared.notice.close()
        await self.readers.close()
        channel = self.writer._channel
        if checkpoint:
            with contextlib.suppress(sqlite3.Error):  # the next start finds it in the log
                await channel.run(lambda c: c.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())
        await channel.close()
        forget_index(self.path)
        self.writer.turnstile.let_go()
