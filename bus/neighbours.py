"""Other processes on the same file: who is attached, and what they committed that concerns this one."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from needlework.bus.errors import ConfigError, StorageError
from needlework.bus.owners import living
from needlework.bus.sql import Queries

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

log = structlog.get_logger("needlework.neighbours")
BEAT = 0.2
"""Seconds between two looks for processes that came or died."""
POLL = 0.004
"""Seconds between two looks for commits, while others are attached."""
COUNT_EVERY = 5
"""Beats between two looks at the counts of the backlog, while others change them."""
PAGE = 1000
"""Events read at once."""
_sql = Queries(Path(__file__).parent / "sqlite" / "processes.sql")


class Neighbours:
    """Looks around by the event loop's own time: a clock that tests move says nothing about other processes."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self.others: frozenset[str] = frozenset()
        """The epochs of the other processes that are attached."""
        self._known: dict[str, int] = {}
        self._beating: asyncio.TimerHandle | None = None
        self._polling: asyncio.TimerHandle | None = None
        self._looking = self._again = self._following = False
        self._stopped = False
        self._refused: set[Callable[[], None]] = set()
        """Looks that the system refused the last time."""
        self._old = False
        """Whether others changed the counts of the backlog since they were read."""
        self._beats = 0

    def start(self) -> None:
        """Look around from now on."""
        self._bus.hub.behind = self.follow
        self._beat()

    def stop(self) -> None:
        """No more."""
        self._stopped = True
        for timer in (self._beating, self._polling):
            if timer is not None:
                timer.cancel()

    def _beat(self) -> None:
        self._carefully(self._look_around)
        self._beating = asyncio.get_running_loop().call_later(BEAT, self._beat)

    def _carefully(self, look: Callable[[], None]) -> None:
        """No descriptor is free, or the disk can't be read: that passes, and there is another look."""
        try:
            look()
            self._refused.discard(look)
        except (OSError, sqlite3.Error, ConfigError) as error:
            if look not in self._refused:  # told once, not several times a second
                log.warning("other processes could not be looked for", error=str(error))
            self._refused.add(look)

    def _look_around(self) -> None:
        if self._bus.epoch_lock.restore():
            log.warning("this process's lock file was deleted, and is there again", file=str(self._bus.epoch_lock.path))
        others = living(self._bus.directory) - {self._bus.epoch}
        if others != self.others:
            self.others = others
            self._bus.store.shared.share(bool(others))
            self._bus.sharing.wake()
            self.look()
            if others and self._polling is None:
                self._polling = asyncio.get_running_loop().call_later(POLL, self._poll)
        elif self._bus.store.shared.notice.changed():  # a command that came and went between two beats
            self.look()
        self._beats += 1
        if self._old and self._beats % COUNT_EVERY == 0:
            self._bus.dispatcher.background(self._bus.dispatcher.persist(self.count_again), "backlog")
        self._bus.duties.beat()

    def _poll(self) -> None:
        self._polling = None
        if self.others and not self._stopped:
            self._carefully(self._look_for_commits)
            self._polling = asyncio.get_running_loop().call_later(POLL, self._poll)

    def _look_for_commits(self) -> None:
        if self._bus.store.shared.notice.changed():
            self.look()

    def look(self) -> None:
        """Read what others changed; again afterwards where this is asked for meanwhile."""
        self._again = True
        if not self._looking and not self._stopped:
            self._looking = True
            self._bus.dispatcher.background(self._look(), "neighbours")

    async def _look(self) -> None:
        try:
            while self._again and not self._stopped:
                self._again = False
                await self._bus.dispatcher.persist(self._look_once)
        finally:
            self._looking = False

    async def _look_once(self) -> None:
        seen = await self._bus.store.shared.see()
        await self._refresh(seen.changes)
        self._known = seen.changes
        self._bus.dispatcher.handover.arrived(seen.arrivals)
        self._bus.hub.reach(seen.latest_event)

    async def _refresh(self, changes: dict[str, int]) -> None:
        """Read again what others changed of what is kept in memory; holds come before what they let go."""
        bus, before = self._bus, self._known
        changed = {name for name, count in changes.items() if before.get(name) != count}
        if "pauses" in changed:
            await bus.holds.refresh()
        if "workspaces" in changed:
            await bus.workspaces.refresh()
        if "people" in changed:
            bus.tokens.forget_all()
            bus.sessions.forget_all()
        if "names" in changed:
            bus.store.names.update({row["id"]: row["name"] for row in await bus.store.read(_sql("all_names"))})
        if "asks" in changed:
            await bus.asks.look()
        if "processes" in changed:
            bus.sharing.wake()
        self._old = True

    async def count_again(self) -> None:
        """Read the counts of the backlog again where others may have changed them."""
        if self._old:
            self._old = False
            try:
                self._bus.backlog = await self._bus.inspection.backlog()
            except StorageError:
                self._old = True
                raise

    def follow(self) -> None:
        """Read the event log for the hub: another process committed events before our own."""
        if not self._following:
            self._following = True
            self._bus.dispatcher.background(self._follow(), "events of others")

    async def _events_behind(self) -> list[Any]:
        """The next page of the log behind what the hub knows."""
        return await self._bus.store.read(_sql("events_after", after=self._bus.hub.latest, limit=PAGE))

    async def _follow(self) -> None:
        hub = self._bus.hub
        try:
            while not self._stopped:
                hub.missed = False
                rows = await self._bus.dispatcher.persist(self._events_behind)
                if rows:
                    hub.deliver([tuple(row) for row in rows])
                elif not hub.missed:
                    return
        finally:
            self._following = False
            hub.following = False
