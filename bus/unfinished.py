"""Unfinished messages by what they are, page after page: to be cancelled, or their retries to run now."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from needlework.bus.records import RunnerLane
from needlework.bus.sql import Queries
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_sql = Queries(Path(__file__).parent / "sqlite" / "unfinished.sql")
Kind = Literal["waiting", "retrying", "parked"]
_PAGES = {"waiting": "waiting_of_runner", "retrying": "retrying_of_runner", "parked": "parked_of_runner"}


class Where(msgspec.Struct, frozen=True):
    """Messages by what they are: each that is given must fit. Times (of the publish) are microseconds UTC."""

    topic: str | None = None
    batch: str | None = None
    runner: str | None = None
    start: int = 0
    end: int = 1 << 62


class Unfinished:
    """The unfinished messages of one workspace. The service's own work (the hidden runners) is left alone."""

    def __init__(self, bus: "Bus", workspace: Workspace, where: Where, began: int) -> None:
        self._bus, self._workspace, self._where, self._began = bus, workspace, where, began
        topic = bus.registry.topic(where.topic) if where.topic is not None else None
        self._topic = bus.store.topics[topic.name].number if topic is not None else None

    def lanes(self) -> list[RunnerLane]:
        """The runners that are looked at, in a settled order."""
        lanes = self._bus.store.runners.values()
        return [lane for lane in lanes if not lane.runner.policy.hidden and self._where.runner in (None, lane.name)]

    async def page(self, kind: Kind, runner: int, place: Sequence[int], limit: int) -> list[Any]:
        """Rows of one runner behind `place` (priority, due, message)."""
        priority, due, message = place or (-1, -1, -1)
        values = {"priority": priority, "place": due} if kind != "parked" else {}
        if kind == "retrying":
            values["began"] = self._began
        statement = _sql(
            _PAGES[kind], runner=runner, workspace=self._workspace.id, message=message, topic=self._topic,
            batch=self._where.batch, start=self._where.start, end=self._where.end, limit=limit, **values,
        )  # fmt: skip
        return await self._bus.store.read(statement)

    def started(self, runner: int, message: int) -> bool:
        """Whether a handler of this process has begun with it."""
        queue = self._bus.dispatcher.queues.get(self._bus.store.names[runner])
        held = queue.held.get(message) if queue is not None else None
        return held is not None and held.started

    async def cancel(self, messages: Sequence[int], by: str, *, running: bool) -> int:
        """Cancel what is left of some messages; of how many something was.

        Without `running`, what another process has in flight is left alone: it may have begun there.
        """
        found, store = 0, self._bus.store
        for seq in messages:
            ended, in_flight = await store.cancel(seq, by)
            if not running:
                here = self._bus.dispatcher.queues
                in_flight = [each for each in in_flight if store.runners_by_number[each].name in here]
            ended += await self._bus.asks.end(in_flight, seq, by)
            found += bool(ended)
        return found
