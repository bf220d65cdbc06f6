"""How far a batch is, told whenever that changes."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.records import EventRecord
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_BETWEEN = 0.05
"""Seconds between two looks at a busy batch: what ends meanwhile is seen by the next one."""


class Progress(msgspec.Struct, frozen=True):
    """One state of a batch as a frame."""

    frame: bytes


async def batch_progress(bus: "Bus", workspace: Workspace, id: str) -> AsyncIterator[Progress]:
    """`progress` frames until all of it has ended, then `result`; each with an event's number as id.

    A batch has a state, not a history: it is read at once, and again when messages of the workspace have ended. The
    events are those behind the last one before the first read, so that no ending falls between.
    """
    endings = _Endings(bus.hub.latest)
    watching = asyncio.ensure_future(endings.watch(bus, workspace))
    watching.add_done_callback(lambda _: endings.came.set())
    try:
        state = await bus.batch(workspace, id)
        yield _frame("progress", state, endings.last)
        while not state["finished"]:
            await endings.came.wait()
            if watching.done():  # the service stops; or the log can't be read, which is raised here
                await watching
                return
            endings.came.clear()
            before, last = state, endings.last
            state = await bus.batch(workspace, id)
            if state != before:
                yield _frame("progress", state, last)
            await asyncio.sleep(0 if state["finished"] else _BETWEEN)
        yield _frame("result", state, endings.last)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


class _Endings:
    """That messages of a workspace have ended, and the number of the last such event."""

    def __init__(self, last: int) -> None:
        self.last, self.came = last, asyncio.Event()

    async def watch(self, bus: "Bus", workspace: Workspace) -> None:
        """Until it is cancelled, or the service stops."""
        async for event in bus.events(workspace=workspace, after=self.last):
            if isinstance(event, EventRecord) and event.terminal:
                self.last = event.seq
                self.came.set()


def _frame(kind: str, state: dict[str, Any], seq: int) -> Progress:
    return Progress(b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, kind.encode(), msgspec.json.encode(state)))
