"""Event streams: from the log, then live, without gap or repeat (promise P10)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from needlework.bus.errors import NotFound
from needlework.bus.events import Filter
from needlework.bus.records import TERMINAL, EventRecord, Reset
from needlework.bus.sql import Queries
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_sql = Queries(Path(__file__).parent / "sqlite" / "inspection.sql")
PAGE_BYTES = 64 << 10
"""Bytes of one page of a stream: the event that passes it is the page's last, or its only one."""
STRETCH = 20_000
"""Event numbers of the whole log that one page of a workspace's stream looks at."""


class Watching:
    """Reads the event log for streams."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus

    async def _rows(self, name: str, **values: Any) -> list[Any]:
        return await self._bus.store.read(_sql(name, **values))

    async def page(self, filter: Filter, after: int, limit: int) -> list[EventRecord]:
        """Events of the log after a number, in order."""
        hub = self._bus.hub
        if filter.message is not None:
            rows = await self._rows(
                "events_of_message",
                message=filter.message,
                workspace=filter.workspace,
                after=after,
                limit=limit,
                bytes=PAGE_BYTES,
            )
            return [hub.record(tuple(row)) for row in rows]
        latest = await self._bus.inspection.latest_event()
        while after < latest:
            until = min(latest, after + STRETCH)
            rows = await self._rows(
                "events_of_workspace",
                after=after,
                until=until,
                workspace=filter.workspace,
                topic=filter.topic,
                limit=limit,
                bytes=PAGE_BYTES,
            )
            if rows:
                return [hub.record(tuple(row)) for row in rows]
            after = until
        return []

    async def gone(self, filter: Filter) -> int:
        """The highest number of an event that retention removed; a message's own go with it, when all has ended."""
        if filter.message is not None:
            return 0
        rows = await self._rows("pruned", workspace=filter.workspace, topic=filter.topic)
        number: int = rows[0]["event"]
        return number

    async def watch(
        self, workspace: Workspace, after: int | None, message: str | None, topic: str | None
    ) -> AsyncIterator[EventRecord | Reset]:
        """Live and replayed events. One message's stream ends after the last of its deliveries ended."""
        hub = self._bus.hub
        if message is None:
            number = self._bus.store.topics[topic].number if topic in self._bus.store.topics else None
            if topic is not None and number is None:
                raise NotFound(f"no topic {topic!r}")
            start = hub.latest if after is None else after
            if after is not None:
                latest = await self._bus.inspection.latest_event()
                if after > latest:  # of another database, or of one that was restored
                    start = latest
                    yield Reset(latest + 1)
            async for event in hub.stream(Filter(workspace.id, None, number), start):
                yield event
            return
        seq = await self._bus.inspection.seq_of(workspace, message)
        if after is not None and after > await self._bus.inspection.latest_event():
            after = 0  # a number that never was says nothing of what its reader has: all of the message follows
            yield Reset(1)
        async for event in self._watch_message(workspace, seq, after or 0):
            yield event

    async def _watch_message(self, workspace: Workspace, seq: int, after: int) -> AsyncIterator[EventRecord]:
        row = (await self._rows("message", seq=seq, workspace=workspace.id))[0]
        ended = {ending["runner"] for ending in await self._rows("endings", seq=seq) if ending["seq"] <= after}
        if len(ended) >= row["owed"]:
            return
        names = {lane.name: lane.number for lane in self._bus.store.runners.values()}
        async for event in self._bus.hub.stream(Filter(workspace.id, seq), after):
            if isinstance(event, Reset):
                continue
            yield event
            if event.kind not in TERMINAL:
                continue
            ended.add(names.get(event.runner, 0))
            if event.kind == "dead" and len(ended) >= row["owed"]:  # in the log: it may have been redriven since
                ended = {end["runner"] for end in await self._rows("endings", seq=seq) if end["seq"] <= event.seq}
            if len(ended) >= row["owed"]:
                return
