"""Schedules: runners' ticks and topics' own times, in every workspace, one stored row a slot."""

from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from needlework.bus.clock import SECOND, TimerHandle
from needlework.bus.errors import NeedleworkError
from needlework.bus.records import Publication, Slot
from needlework.bus.schedule import Missed, Schedule
from needlework.bus.sql import Statement
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

log = structlog.get_logger("needlework.schedule")
_ANCHOR = (
    "INSERT INTO anchors (schedule, workspace, started) VALUES (?, ?, ?) ON CONFLICT (schedule, workspace) DO NOTHING"
)
_PRUNE = (
    "DELETE FROM slots WHERE slot < ? AND schedule NOT IN (SELECT value FROM json_each(?))",
    "DELETE FROM anchors WHERE started < ? AND schedule NOT IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
    " (SELECT 1 FROM slots s WHERE s.schedule = anchors.schedule AND s.workspace = anchors.workspace)",
)
GONE_KEPT = 400 * 24 * 3600 * SECOND
"""Microseconds for which it is kept when a schedule that is gone last fired: its plug-in may come back."""


class Entry:
    """One schedule: what it publishes and when."""

    def __init__(self, name: str, schedule: Schedule, missed: Missed, topic: str, fields: dict[str, Any]) -> None:
        self.name, self.schedule, self.topic, self.fields = name, schedule, topic, fields
        self.missed: Missed = missed


class Scheduler:
    """Publishes what schedules ask for; a slot that was published once is never published again."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self.entries: list[Entry] = []
        self._timer: TimerHandle | None = None
        self._known: dict[tuple[str, int], tuple[int, int]] = {}
        """(schedule, workspace) -> (first start, last slot)"""
        self.stopped = False

    async def start(self) -> None:
        """Fire from now on, and make up what was missed."""
        self._known.clear()  # another process may have fired
        if self.entries:
            await self.fire()

    def collect(self) -> None:
        """Learn the schedules of topics and runners."""
        registry = self._bus.registry
        for topic in registry.topics.values():
            if topic.policy.schedule is not None:
                schedule = Schedule.parse(topic.policy.schedule)
                self.entries.append(Entry(f"topic:{topic.name}", schedule, topic.policy.missed, topic.name, {}))
        if "runner.run" in registry.topics:
            for runner in registry.runners.values():
                if runner.policy.schedule is not None:
                    schedule = Schedule.parse(runner.policy.schedule)
                    fields = {"runner_id": runner.name}
                    self.entries.append(
                        Entry(f"runner:{runner.name}", schedule, runner.policy.missed, "runner.run", fields)
                    )

    def stop(self) -> None:
        """Fire nothing more."""
        self.stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _on_timer(self) -> None:
        self._timer = None
        if not self.stopped:
            self._bus.dispatcher.background(self.fire(), "schedules")

    async def fire(self) -> None:
        """Publish every slot that is due and was not published, and set the timer for the next."""
        now = self._bus.clock.now()
        following = now + SECOND
        try:
            for entry in self.entries:
                for workspace in list(self._bus.workspaces.by_id.values()):
                    following = min(following, await self._fire(entry, workspace, now))
        except NeedleworkError as error:  # full disk or backlog: the slot is still free, and tried again in a second
            log.warning("a schedule could not be stored", error=error.detail)
        if not self.stopped:
            seconds = min(1.0, max(0.001, (following - self._bus.clock.now()) / SECOND))
            self._timer = self._bus.clock.call_later(seconds, self._on_timer)

    async def _fire(self, entry: Entry, workspace: Workspace, now: int) -> int:
        """Publish one schedule's due slots in one workspace; when its next slot comes."""
        anchor, last = await self._state(entry, workspace, now)
        if last > now:  # the clock was ahead and came back: go on from here; a stored slot is not published again
            last = now
            self._known[entry.name, workspace.id] = (min(anchor, now), now)
        if not self._bus.workspaces.ticks_disabled(workspace.id):
            for slot in entry.schedule.missed(entry.missed, last, now, anchor=anchor):
                await self._publish(entry, workspace, slot)
        return entry.schedule.next_after(now, anchor=anchor)

    async def _publish(self, entry: Entry, workspace: Workspace, slot: int) -> None:
        topic = self._bus.registry.topic(entry.topic)
        publication = Publication(message=topic.type(**entry.fields), workspace=workspace, principal="schedule")
        receipts = await self._bus.publish_all([publication], Slot(entry.name, workspace.id, slot))
        self._known[entry.name, workspace.id] = (self._known[entry.name, workspace.id][0], slot)
        if receipts:
            log.debug("schedule fired", schedule=entry.name, workspace=workspace.name)

    async def _state(self, entry: Entry, workspace: Workspace, now: int) -> tuple[int, int]:
        """(first start, last slot) of a schedule in a workspace; kept in memory after the first look."""
        place = (entry.name, workspace.id)
        if place not in self._known:
            await self._bus.store.write([Statement(_ANCHOR, (*place, now))])
            rows = await self._bus.store.read(
                Statement(
                    "SELECT started, (SELECT max(slot) FROM slots s WHERE s.schedule = a.schedule"
                    " AND s.workspace = a.workspace AND s.slot <= ?) AS last"
                    " FROM anchors a WHERE schedule = ? AND workspace = ?",
                    (now, *place),
                )
            )
            self._known[place] = (rows[0]["started"], rows[0]["last"] or rows[0]["started"])
        return self._known[place]

    async def prune(self) -> None:
        """Forget schedules that have been gone for long."""
        names = msgspec.json.encode([entry.name for entry in self.entries]).decode()
        before = self._bus.clock.now() - GONE_KEPT
        await self._bus.store.write([Statement(sql, (before, names)) for sql in _PRUNE])

    async def times(self, runner: str, workspace: Workspace) -> dict[str, int | None]:
        """The next and the last time of a runner's schedule, microseconds UTC."""
        for entry in self.entries:
            if entry.name == f"runner:{runner}":
                now = self._bus.clock.now()
                if not self._bus.duties.on_duty:  # another process fires, and knows it first
                    self._known.pop((entry.name, workspace.id), None)
                anchor, last = await self._state(entry, workspace, now)
                return {
                    "next": entry.schedule.next_after(now, anchor=anchor),
                    "last": last if last != anchor else None,
                }
        return {"next": None, "last": None}
