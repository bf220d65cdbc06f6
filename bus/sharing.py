"""Which process runs which runner: each takes what is free up to its share, and gives back what it has too much of.

Runners that share a limit go together. A `serve` is to have everything; else workers share alike. A runner is free
when no row names its owner, or when the owner's lock is free: never by time.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
import structlog
from needlework.bus.clock import rfc3339
from needlework.bus.errors import StorageDamaged, StorageError
from needlework.bus.fingerprint import fingerprint
from needlework.bus.registry import Registry
from needlework.bus.sql import Queries

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

log = structlog.get_logger("needlework.sharing")
T = TypeVar("T")
Role = Literal["serve", "api", "worker"]
DRAIN = 5.0
"""Seconds that what runs gets to end when a runner is to be spared; then it stays, and another try comes later."""
AGAIN = 1.0
"""Seconds until that other try."""
_sql = Queries(Path(__file__).parent / "sqlite" / "processes.sql")


class Process(msgspec.Struct, frozen=True):
    """One attached process: `epoch` names its start, `fingerprint` its code, `runners` what it owns."""

    epoch: str
    pid: int
    role: Role
    started: str
    fingerprint: str
    runners: list[str]


def groups_of(registry: Registry) -> list[list[str]]:
    """The runners that must have one owner: those whose topics share a limit, directly or through others."""
    root = {name: name for name in registry.runners}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    first: dict[str, str] = {}
    for topic in registry.topics.values():
        for limit in topic.policy.limits:
            for runner in topic.runners:
                root[find(runner)] = find(first.setdefault(limit, runner))
    groups: dict[str, list[str]] = {}
    for name in registry.runners:
        groups.setdefault(find(name), []).append(name)
    return list(groups.values())


def share_of(epoch: str, processes: Sequence[tuple[str, Role]], groups: int) -> int:
    """How many groups a process is to have, where `processes` live, oldest first."""
    serving = [each for each, role in processes if role == "serve"]
    if serving:
        return groups if epoch == serving[0] else 0
    workers = [each for each, role in processes if role == "worker"]
    if epoch not in workers:
        return 0
    place = workers.index(epoch)
    return groups // len(workers) + (place < groups % len(workers))


class Sharing:
    """Keeps this process's share of the runners."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self.role: Role | None = None
        self.fingerprint = ""
        self.groups: list[list[str]] = []
        self._working = self._again = self._stopped = False

    async def start(self, role: Role) -> int:
        """Be known to the others and take a first share; how many deliveries were rescued."""
        bus = self._bus
        self.fingerprint = fingerprint(bus.registry)
        self.groups = groups_of(bus.registry)
        attach = _sql(
            "attach", epoch=bus.epoch, pid=os.getpid(), role=role, now=bus.clock.now(), fingerprint=self.fingerprint
        )
        await bus.store.write([attach])
        self.role = role
        return await self._alone(self._take)

    async def take_over(self) -> int:
        """Look at once whether somebody has died, and take what is free; how many deliveries were rescued."""
        if self.role in (None, "api") or self._working or self._stopped:
            return 0
        return await self._alone(self._take_from_the_dead)

    def wake(self) -> None:
        """Somebody came, went, or gave a runner back."""
        self._again = True
        if self.role is not None and not self._working and not self._stopped:
            self._working = True
            self._bus.dispatcher.background(self._alone(self._work), "sharing")

    async def _alone(self, work: Callable[[], Awaitable[T]]) -> T:
        """Nobody else takes the same runners meanwhile; who wakes us is heard afterwards."""
        self._working = True
        try:
            return await work()
        finally:
            self._working = False
            if self._again:
                self.wake()

    async def _take_from_the_dead(self) -> int:
        await self._forget_the_dead()
        return await self._take()

    async def _work(self) -> None:
        try:
            while self._again and not self._stopped:
                self._again = False
                await self._forget_the_dead()
                if self.role != "api" and not await self._spare():
                    await self._take()
        except StorageError as error:
            if isinstance(error, StorageDamaged):
                raise
            log.warning("the runners could not be shared", error=error.detail)
            self._later()

    def _later(self) -> None:
        if not self._stopped:
            asyncio.get_running_loop().call_later(AGAIN, self.wake)

    async def _share(self) -> int:
        living: list[tuple[str, Role]] = [(each.epoch, each.role) for each in await self.processes()]
        return share_of(self._bus.epoch, living, len(self.groups))

    def _owned(self) -> list[list[str]]:
        queues = self._bus.dispatcher.queues
        return [group for group in self.groups if any(name in queues for name in group)]

    async def _take(self) -> int:
        """Take what is free, up to our share; how many deliveries were rescued."""
        owned = self._owned()
        room = await self._share() - len(owned) if self.role != "api" else 0
        if room <= 0:
            return 0
        others = [group for group in self.groups if group not in owned]
        names, rescued = await self._bus.store.shared.claim(others, room)
        if names:
            await self._bus.dispatcher.handover.take_up(names)
            log.info("took runners", runners=names, rescued=rescued)
        return rescued

    async def _spare(self) -> bool:
        """Give back what is more than our share, the idlest first; whether something had to be."""
        surplus = len(self._owned()) - await self._share()
        if surplus <= 0:
            return False
        queues = self._bus.dispatcher.queues
        idlest = sorted(self._owned(), key=lambda group: sum(len(queues[name].workers) for name in group))
        given = 0
        for group in idlest:
            if given == surplus or self._stopped:
                break
            given += await self.give(group, DRAIN)
        if given < surplus:
            self._later()
        return True

    async def give(self, group: Iterable[str], seconds: float) -> bool:
        """Drain a group of runners and give them back; False where they did not come to rest, and stay."""
        names = [name for name in group if name in self._bus.dispatcher.queues]
        if not names or not await self._bus.dispatcher.handover.drain(names, seconds):
            return False
        await self._bus.store.shared.give_back(names)
        self._bus.dispatcher.handover.drop(names)
        log.info("gave runners back", runners=names)
        return True

    async def stop(self, grace: float) -> float:
        """Give everything back where somebody else may take it, each group as soon as it rests; what grace is left."""
        self._stopped = True
        end = self._bus.clock.monotonic() + grace
        if self.role is not None and self._bus.neighbours.others:
            self._bus.dispatcher.handover.leave()
            await asyncio.gather(*(self.give(group, grace) for group in self._owned()))
        return max(0.0, end - self._bus.clock.monotonic())

    async def leave(self) -> None:
        """Be known no longer."""
        if self.role is not None:
            await self._bus.store.write(self._gone(self._bus.epoch))

    async def _forget_the_dead(self) -> None:
        rows = await self._bus.store.read(_sql("processes"))
        asking = await self._bus.store.read(_sql("asks"))
        dead = {row["epoch"] for row in (*rows, *asking)} - self._bus.neighbours.others - {self._bus.epoch}
        dead = {epoch for epoch in dead if not self._bus.store.is_alive(epoch)}
        if dead:
            await self._bus.store.write([each for epoch in sorted(dead) for each in self._gone(epoch)])

    def _gone(self, epoch: str) -> list[Any]:
        return [_sql("detach", epoch=epoch), _sql("forget_asks", epoch=epoch)]

    async def processes(self) -> list[Process]:
        """The attached processes that live, oldest first."""
        owners = await self.owners()
        return [
            Process(row["epoch"], row["pid"], row["role"], rfc3339(row["started"]), row["fingerprint"],
                    sorted(name for name, epoch in owners.items() if epoch == row["epoch"]))
            for row in await self._bus.store.read(_sql("processes"))
            if self._lives(row["epoch"])
        ]  # fmt: skip

    async def owners(self) -> dict[str, str]:
        """Runner -> the epoch of its owner, where that lives."""
        rows = await self._bus.store.read(_sql("owners"))
        lanes = self._bus.store.runners_by_number
        return {lanes[row["runner"]].name: row["epoch"] for row in rows
                if row["runner"] in lanes and self._lives(row["epoch"])}  # fmt: skip

    def _lives(self, epoch: str) -> bool:
        return epoch == self._bus.epoch or self._bus.store.is_alive(epoch)
