"""Progress: a handler reports how far it is; whoever watches sees it live, or later from the log."""

from pathlib import Path

import msgspec
import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import EventRecord, Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio


class Bake(Message[str], topic="demo.bake"):
    """Bake a cake in three steps."""


@subscribe(Bake, runner="kitchen")
async def bake(message: Bake, ctx: Context) -> str:
    """Tell each step. Reports with a `kind` are never merged."""
    for done, step in enumerate(("mix", "bake", "cool"), start=1):
        await ctx.progress(done, of=3, note=step, kind="step")
    await ctx.log("warm", degrees=40)
    return "cake"


POLICIES = {
    "runners": {"kitchen": {"description": "Bakes"}},
    "topics": {"demo.bake": {"summary": "Bake", "permission": "permissionWorkspacesWrite", "reply": "stream"}},
}


async def test_a_messages_events_are_watched_until_it_ends(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(bake, policies=POLICIES), tmp_path) as bus:
        receipt = await bus.publish(Publication(message=Bake(), workspace=here))
        seen = [
            event async for event in bus.events(workspace=here, message=receipt.id) if isinstance(event, EventRecord)
        ]
        assert [event.kind for event in seen] == ["progress", "progress", "progress", "log", "result"]
        notes = [msgspec.json.decode(event.data or b"null").get("note") for event in seen[:3]]
        assert notes == ["mix", "bake", "cool"]


async def test_the_log_is_replayed_from_where_one_left_off(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(bake, policies=POLICIES), tmp_path) as bus:
        receipt = await bus.publish(Publication(message=Bake(), workspace=here))
        await drain(bus)
        watch = bus.events
        seen = [event async for event in watch(workspace=here, message=receipt.id) if isinstance(event, EventRecord)]
        again = [
            event
            async for event in watch(workspace=here, message=receipt.id, after=seen[1].seq)
            if isinstance(event, EventRecord)
        ]
        assert [event.seq for event in again] == [event.seq for event in seen[2:]]
