"""How far a batch is, told whenever that changes."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.records import TERMINAL, Reset
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_BETWEEN = 0.25
"""Seconds between two looks at a busy batch."""
_FEW = 16
"""Messages left from which on each ending is looked at: nothing comes after the last."""


class Progress(msgspec.Struct, frozen=True):
    """One state of a batch as a frame."""

    frame: bytes


async def batch_progress(
    bus: "Bus", workspace: Workspace, state: dict[str, Any], after: int | None
) -> AsyncIterator[Progress | Reset]:
    """`progress` frames until all of it has ended, then `result`; each with an event's number as id."""
    yield _frame("progress", state, after)
    looked = 0.0
    if not state["finished"]:
        async for event in bus.events(workspace=workspace, after=after):
            now = bus.clock.monotonic()
            due = now - looked >= _BETWEEN or state["waiting"] <= _FEW
            if isinstance(event, Reset) or event.kind not in TERMINAL or not due:
                continue
            looked, before = now, state
            state = await bus.batch(workspace, state["batch_id"])
            if state != before:
                yield _frame("progress", state, event.seq)
            if state["finished"]:
                after = event.seq
                break
    yield _frame("result", state, after)


def _frame(kind: str, state: dict[str, Any], seq: int | None) -> Progress:
    head = b"" if seq is None else b"id: %d\n" % seq
    return Progress(head + b"event: %s\ndata: " % kind.encode() + msgspec.json.encode(state) + b"\n\n")
