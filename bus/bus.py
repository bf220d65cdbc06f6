"""The bus: publish, request, query, watch; everything the HTTP layer and the command line may call."""

import contextlib
import random
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from needlework.bus import asking
from needlework.bus.asks import Asks
from needlework.bus.audit import Audit
from needlework.bus.clock import Clock, SystemClock
from needlework.bus.commits import Commit
from needlework.bus.context import Reader
from needlework.bus.controls import Controls
from needlework.bus.depths import Depths
from needlework.bus.dispatcher import Dispatcher
from needlework.bus.duties import Duties
from needlework.bus.errors import StorageDamaged, StorageError
from needlework.bus.events import Hub
from needlework.bus.holds import Holds
from needlework.bus.inspection import Inspection
from needlework.bus.maintenance import Maintenance
from needlework.bus.messages import Message
from needlework.bus.neighbours import Neighbours
from needlework.bus.owners import EpochLock, is_alive, lock_epoch
from needlework.bus.principals import By, name_of
from needlework.bus.publishing import Encoder
from needlework.bus.records import (
    EventRecord,
    NewMessage,
    Outcome,
    Publication,
    Receipt,
    Reset,
    Slot,
)  # fmt: skip
from needlework.bus.registry import Registry
from needlework.bus.runs import RunCount
from needlework.bus.scheduler import Scheduler
from needlework.bus.sessions import SessionStore
from needlework.bus.sharing import Process, Role, Sharing
from needlework.bus.sqlite.store import SqliteStore
from needlework.bus.tokens import TokenStore
from needlework.bus.watchdog import Watchdog
from needlework.bus.watching import Watching
from needlework.bus.workspaces import Workspace, WorkspaceStore

log = structlog.get_logger("needlework.bus")


class Bus:
    """One process's bus on one store. Build it with `open`, then `start`; `stop` ends it."""

    store: SqliteStore
    duties: Duties
    epoch_lock: EpochLock

    def __init__(self, directory: Path, registry: Registry, clock: Clock, source: random.Random) -> None:
        self.directory = directory
        self.registry, self.clock, self.random = registry, clock, source
        self.controls = Controls(clock)
        self.epoch = (
            secrets.token_hex(8) if isinstance(source, random.SystemRandom) else f"{source.getrandbits(64):016x}"
        )
        self.failed: Callable[[str, BaseException | None], None] = lambda name, error: None
        """Called where a background task of the bus died or the database is damaged: the process must end."""
        self.reader = Reader(self)
        self.backlog: dict[tuple[int, int], int] = {}
        self.encoder = Encoder(self)
        self.running = False

    @classmethod
    async def open(
        cls,
        directory: Path,
        registry: Registry,
        *,
        clock: Clock | None = None,
        source: random.Random | None = None,
        groups: Sequence[tuple[str, Path]] = (),
        durability: str = "power",
        inline: bool = False,
    ) -> "Bus":
        """Open the data directory's database. Raises ConfigError, StorageDamaged."""
        bus = cls(directory, registry, clock or SystemClock(), source or random.SystemRandom())
        bus.epoch_lock = lock_epoch(directory, bus.epoch)
        bus.duties = Duties(bus)
        try:
            bus.store = await SqliteStore.open(
                directory / "needlework.db", registry, bus.clock, epoch=bus.epoch, controls=bus.controls, groups=groups,
                durability=durability, inline=inline, is_alive=lambda epoch: is_alive(directory, epoch),
                checkpoints=bus.duties.checkpoints,
            )  # fmt: skip
        except BaseException:
            bus.unlock(remove=True)
            raise
        try:
            await bus._assemble(inline)
        except BaseException as error:  # a thread left behind would keep the process from ending
            await bus.store.close()
            bus.unlock(remove=True)
            if isinstance(error, (msgspec.MsgspecError, sqlite3.DatabaseError, UnicodeDecodeError)):
                raise StorageDamaged(f"the database can't be read: {error}") from error
            raise
        return bus

    async def _assemble(self, inline: bool) -> None:
        read, write = self.store.read, self.store.write
        self.inspection = Inspection(self)
        self.depths = Depths(self)
        self.watching = Watching(self)
        self.hub = Hub(self.store.names, self.watching.page, self.watching.gone)
        self.dispatcher = Dispatcher(self)
        self.audit = Audit(read, write, self.clock)
        self.workspaces = WorkspaceStore(read, write, self.clock, self.audit)
        self.holds = Holds(self)
        self.workspaces.changed = self.holds.workspaces_changed
        self.tokens = TokenStore(read, write, self.clock, self.random.randbytes, self.audit)
        self.sessions = SessionStore(read, write, self.clock, self.random.randbytes, self.audit)
        self.scheduler = Scheduler(self)
        self.scheduler.collect()
        self.maintenance = Maintenance(self)
        self.watchdog = Watchdog(self)
        self.sharing = Sharing(self)
        self.asks = Asks(self)
        self.neighbours = Neighbours(self)
        self.store.committed = self._committed
        self.store.writer.damaged = lambda error: self.failed("storage", error)
        await self.workspaces.load()
        await self.holds.load()
        self.hub.latest = await self.inspection.latest_event()
        self.backlog.update(await self.inspection.backlog())
        if not inline:  # a simulation has one process
            self.neighbours.start()

    async def start(self, runners: Sequence[str] | None = None) -> int:
        """Own and run `runners` (all by default); how many deliveries a crash had left in flight."""
        self.running = True
        names = list(self.registry.runners) if runners is None else list(runners)
        return await self._started(await self.dispatcher.start(names))

    async def attach(self, role: Role) -> int:
        """Serve or work beside other processes, with a share of the runners; how many deliveries were rescued."""
        self.running = True
        return await self._started(await self.sharing.start(role), duties=role != "api")

    async def _started(self, rescued: int, *, duties: bool = True) -> int:
        if duties:
            await self.duties.start()
        self.maintenance.start()
        self.watchdog.start()
        if rescued:
            log.info("rescued", deliveries=rescued)
        for topic, unfinished in self.depths.orphans():
            log.warning("messages wait for code that is not loaded", topic=topic, unfinished=unfinished)
        return rescued

    async def finish(self, grace: float) -> None:
        """Start nothing more, let handlers end within `grace` seconds, then end streams and waiting requests."""
        self.watchdog.stop()
        self.duties.stop()
        self.scheduler.stop()
        self.maintenance.stop()
        await self.dispatcher.stop(await self.sharing.stop(grace))
        with contextlib.suppress(StorageError):  # when a token was last used is not worth a failed stop
            await self.tokens.flush()
        await self.store.settled()
        self.neighbours.stop()
        self.hub.close()

    async def stop(self, grace: float = 30.0) -> None:
        """Finish, give the runners back, write what waits, close. Raises ForkedError in a forked child."""
        self.store.writer.guard.check()
        try:
            await self.finish(grace)
            if self.running:
                await self.store.release()
            await self.sharing.leave()
        finally:  # a thread of a connection that stays open would keep the process
            await self.store.close(checkpoint=self.duties.checkpoints)
            self.unlock(remove=True)

    def unlock(self, *, remove: bool = False) -> None:
        """Let go of the kernel locks, as the death of the process does."""
        self.duties.release()
        self.epoch_lock.release(remove=remove)

    def background_failed(self, name: str, error: BaseException | None) -> None:
        """A task of the bus died: say so, and tell the process."""
        log.error("background task failed", task=name, error=repr(error))
        self.failed(name, error)

    def _committed(self, commit: Commit) -> None:
        self.dispatcher.committed(commit)
        self.hub.publish(commit.events)
        for place, change in commit.backlog.items():
            self.backlog[place] = self.backlog.get(place, 0) + change

    def encode(self, publication: Publication) -> NewMessage:
        """Validate and encode a publication. Raises PublishError."""
        return self.encoder.encode(publication)

    async def publish(self, publication: Publication) -> Receipt:
        """Store one message; it is committed and flushed when this returns. Raises PublishError, StorageError."""
        new = self.encode(publication)
        self.encoder.check_budget(new, publication.principal)
        return await self.store.insert_one(new)

    async def publish_all(
        self, publications: Sequence[Publication], slot: Slot | None = None, *, key: str | None = None
    ) -> list[Receipt]:
        """Store several, all or none; `key` is the idempotency key of the list as a whole."""
        messages = await self.encoder.encode_list(publications, key)
        return await self.store.insert(messages, slot) if messages else []

    async def request(self, publication: Publication, *, timeout: float) -> tuple[Receipt, Outcome | None]:
        """Publish and wait for the reply: exactly one outcome, or None after `timeout` seconds.

        None soon where no living process runs the replying runner: the message is stored and waits for one.
        """
        return await asking.request(self, publication, timeout)

    async def query(self, message: Message[Any], *, workspace: Workspace, principal: str) -> Any:
        """Ask a query topic; its handler runs inline and nothing is stored. Raises what the handler raises."""
        return await asking.query(self, message, workspace, principal)

    def events(
        self,
        *,
        workspace: Workspace,
        after: int | None = None,
        message: str | None = None,
        topic: str | None = None,
    ) -> AsyncIterator[EventRecord | Reset]:
        """Events live and from the log; `after` resumes behind a number. One message's stream ends by itself."""
        return self.watching.watch(workspace, after, message, topic)

    async def cancel(self, workspace: Workspace, id: str, by: By) -> dict[str, int]:
        """Cancel what is not finished of a message. Raises NotFound, Conflict."""
        seq, who = await self.inspection.seq_of(workspace, id), name_of(by)
        line = partial(self.audit.statement, by, workspace, "message.cancelled", id)
        ended, in_flight = await self.store.cancel(seq, who, line)
        ended += await self.asks.end(in_flight, seq, who)
        return self.inspection.cancelled(ended, len(in_flight))

    async def run(self, runner: str, workspace: Workspace, n: int, timeout: float) -> RunCount:
        """Process at once what is due for `runner` in a workspace, at most `n` messages."""
        here = runner in self.dispatcher.queues
        return await (self.dispatcher if here else self.asks).run(runner, workspace.id, n, timeout)

    async def processes_attached(self) -> list[Process]:
        """The living processes that serve or work on this data directory, oldest first."""
        return await self.sharing.processes()

    async def due(self, workspace: Workspace) -> dict[str, int]:
        """How many deliveries are due for each runner in a workspace."""
        return await self.depths.due(workspace.id)

    async def message(self, workspace: Workspace, id: str) -> Any:
        return await self.inspection.message(workspace, id)

    async def messages(self, workspace: Workspace, **filters: Any) -> dict[str, Any]:
        return await self.inspection.messages(workspace, **filters)

    async def explain(self, workspace: Workspace, id: str) -> dict[str, Any]:
        return await self.inspection.explain(workspace, id)

    async def batch(self, workspace: Workspace, id: str) -> dict[str, Any]:
        return await self.inspection.batch(workspace, id)

    async def runners(self, workspace: Workspace) -> list[dict[str, Any]]:
        return await self.depths.runners(workspace)

    async def counts(self, workspace: Workspace) -> dict[str, Any]:
        return await self.depths.counts(workspace)

    async def pause(self, name: str, by: By, *, kind: str = "runner") -> None:
        await self.holds.pause(kind, name, by)

    async def resume(self, name: str, by: By, *, kind: str = "runner") -> None:
        await self.holds.resume(kind, name, by)

    def on_revoke(self, callback: Callable[[str], None]) -> None:
        self.tokens.on_revoke(callback)

    def health(self) -> dict[str, Any]:
        """Alive, without touching the disk."""
        return {"status": "ok", "blocked": self.watchdog.blocked}

    async def ready(self) -> dict[str, Any]:
        """Whether it can take work: {"ready", "checks"}."""
        return await self.depths.ready()
