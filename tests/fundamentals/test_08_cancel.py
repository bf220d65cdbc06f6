"""Cancel: what waits ends at once, what runs is broken off, what has ended is a conflict."""

import asyncio
from pathlib import Path

import pytest
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import Conflict
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio

STARTED = asyncio.Event()


class Ponder(Message[None], topic="demo.ponder"):
    """Ponder for ever."""


@subscribe(Ponder, runner="thinker")
async def ponder(message: Ponder, ctx: Context) -> None:
    """Never end by itself."""
    STARTED.set()
    await asyncio.Event().wait()


POLICIES = {
    "runners": {"thinker": {"description": "Ponders"}},
    "topics": {"demo.ponder": {"summary": "Ponder", "permission": "permissionWorkspacesWrite"}},
}


async def test_a_running_delivery_is_broken_off(tmp_path: Path, here: Workspace) -> None:
    STARTED.clear()
    async with running_bus(Registry.of(ponder, policies=POLICIES), tmp_path) as bus:
        receipt = await bus.publish(Publication(message=Ponder(), workspace=here))
        await STARTED.wait()
        assert await bus.cancel(here, receipt.id, "me") == {"cancelled": 1}
        await drain(bus)
        assert (await bus.message(here, receipt.id))["state"] == "cancelled"


async def test_what_is_cancelled_before_its_time_never_starts(
    tmp_path: Path, here: Workspace, clock: ManualClock
) -> None:
    STARTED.clear()
    async with running_bus(Registry.of(ponder, policies=POLICIES), tmp_path, clock=clock) as bus:
        receipt = await bus.publish(Publication(message=Ponder(), workspace=here, due=clock.now() + SECOND))
        await bus.cancel(here, receipt.id, "me")
        clock.advance(5)
        await drain(bus)
        assert not STARTED.is_set()
        with pytest.raises(Conflict, match="ended already"):
            await bus.cancel(here, receipt.id, "me")
