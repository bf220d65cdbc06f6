"""Pauses of topics and runners, and what a change of them lets go."""

from functools import partial
from typing import TYPE_CHECKING, Any

from needlework.bus.errors import NotFound
from needlework.bus.principals import By, name_of
from needlework.bus.records import Delivery
from needlework.bus.sql import Statement
from needlework.bus.topicfile import nearest

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

PAGE = 500
"""Deliveries let go in one transaction."""


class Holds:
    """Keeps `bus.controls` equal to what is stored, durably."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus

    async def load(self) -> None:
        """Read the stored pauses."""
        rows = await self._bus.store.read(Statement("SELECT kind, name FROM pauses"))
        controls = self._bus.controls
        controls.paused_topics = frozenset(row["name"] for row in rows if row["kind"] == "topic")
        controls.paused_runners = frozenset(row["name"] for row in rows if row["kind"] == "runner")

    async def refresh(self) -> None:
        """Another process may have paused or resumed something: what is held by nothing any more is let go."""
        before = self._bus.controls.paused_topics
        await self.load()
        for topic in before - self._bus.controls.paused_topics:
            if topic in self._bus.registry.topics:
                self._bus.dispatcher.background(self._let_go("topic_paused", topic=topic), "resume")
        for queue in self._bus.dispatcher.queues.values():
            queue.lane.live = queue.lane.live and not queue.paused
            queue.wake()

    async def pause(self, kind: str, name: str, by: By) -> None:
        """Start nothing more of a topic or runner until `resume`. Raises NotFound."""
        self._check(kind, name)
        now = self._bus.clock.now()
        await self._bus.store.write(
            [
                Statement(
                    "INSERT INTO pauses (kind, name, since, by) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (kind, name) DO NOTHING",
                    (kind, name, now, name_of(by)),
                ),
                self._bus.audit.statement(by, None, f"{kind}.pause", name),
            ]
        )
        await self.load()
        for queue in self._bus.dispatcher.queues.values():
            queue.lane.live = queue.lane.live and not queue.paused
        self._bus.dispatcher.limits.wake()  # one that was let go may stand in a queue that is paused now

    async def resume(self, kind: str, name: str, by: By) -> None:
        """Go on. Raises NotFound."""
        self._check(kind, name)
        await self._bus.store.write(
            [
                Statement("DELETE FROM pauses WHERE kind = ? AND name = ?", (kind, name)),
                self._bus.audit.statement(by, None, f"{kind}.resume", name),
            ]
        )
        await self.load()
        if kind == "topic":
            await self._let_go("topic_paused", topic=name)
        for queue in self._bus.dispatcher.queues.values():
            queue.wake()
        self._bus.dispatcher.limits.wake()

    def _check(self, kind: str, name: str) -> None:
        known = self._bus.registry.runners if kind == "runner" else self._bus.registry.topics
        if name not in known:
            raise NotFound(f"no {kind} {name!r}{nearest(name, known)}")

    async def start(self, only: int | None = None) -> int:
        """Let go what was put aside by a process before this one and is held by nothing any more; how many.

        `only` limits it to one workspace.
        """
        reason, released = "", 0
        while True:
            statement = Statement("SELECT min(reason) FROM parked WHERE reason <> 'key' AND reason > ?", (reason,))
            reason = (await self._read(statement))[0][0]
            if reason is None:
                return released
            rows = await self._read(
                Statement(
                    "SELECT DISTINCT workspace, runner, topic FROM parked WHERE reason = ? AND reason <> 'key'",
                    (reason,),
                )
            )
            names = self._bus.store.names
            if any(names[row["runner"]] in self._bus.dispatcher.queues for row in rows):
                self._bus.dispatcher.limits.note_parked(reason)
            for workspace, runner, topic in rows:
                here = names[runner] in self._bus.dispatcher.queues and names[topic] in self._bus.registry.topics
                if here and only in (None, workspace):
                    place = {"workspace": workspace, "runner": names[runner], "topic": names[topic]}
                    released += await self._let_go(reason, **place)

    async def _read(self, statement: Statement) -> list[Any]:
        """In the background, where nobody would hear of a disk that refuses: read until it does not."""
        return await self._bus.dispatcher.persist(lambda: self._bus.store.read(statement))

    def _held(self, reason: str, workspace: int | None, runner: str | None, topic: str | None) -> bool:
        """Whether `reason` still holds these back."""
        bus = self._bus
        if reason == "topic_paused":
            return topic in bus.controls.paused_topics
        if reason == "tick_disabled":
            return workspace in bus.controls.disabled
        if reason == "not_ticked":
            return runner is not None and bus.registry.runners[runner].policy.mode == "tick"
        return reason.removeprefix("limit:") in bus.dispatcher.limits.limits

    async def _let_go(
        self, reason: str, *, workspace: int | None = None, runner: str | None = None, topic: str | None = None
    ) -> int:
        """Unpark in pages, until all is gone or is held again; how many."""
        released = 0
        only: dict[str, Any] = {"workspace": workspace, "runner": runner, "topic": topic}
        page = partial(self._bus.store.unpark, reason, PAGE, **only)
        while not self._held(reason, **only):
            released += (count := await self._bus.dispatcher.persist(page))
            if count < PAGE:
                break
        return released

    async def let_go_if_lifted(self, delivery: Delivery, reason: str) -> None:
        """A delivery was parked: what held it may have been lifted while the disk refused to park it."""
        place = (delivery.workspace, delivery.runner.name, delivery.lane.name)
        if not self._held(reason, *place):
            await self._let_go(reason, workspace=place[0], runner=place[1], topic=place[2])

    def workspaces_changed(self) -> None:
        """A workspace's ticks may have been enabled or disabled."""
        workspaces, controls = self._bus.workspaces, self._bus.controls
        before = controls.disabled
        controls.disabled = frozenset(number for number in workspaces.by_id if workspaces.ticks_disabled(number))
        for workspace in before - controls.disabled:
            self._bus.dispatcher.background(self._let_go("tick_disabled", workspace=workspace), "enable ticks")
