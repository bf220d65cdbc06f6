"""Pause and explain: a runner or a topic can be halted, and anything that waits says why."""

from pathlib import Path

import pytest
from needlework.bus.bus import Bus
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import Publication, Receipt
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio


class Ship(Message[None], topic="demo.ship"):
    """Ship something."""


@subscribe(Ship, runner="shipping")
async def ship(message: Ship, ctx: Context) -> None:
    """Nothing."""


POLICIES = {
    "runners": {"shipping": {"description": "Ships"}},
    "topics": {"demo.ship": {"summary": "Ship", "permission": "permissionWorkspacesWrite"}},
}


async def reason(bus: Bus, here: Workspace, receipt: Receipt) -> str:
    """Why a message is where it is."""
    return str((await bus.explain(here, receipt.id))["deliveries"][0]["reason"])


@pytest.mark.parametrize(
    ("kind", "name", "why"),
    [("runner", "shipping", "runner_paused"), ("topic", "demo.ship", "topic_paused")],
)
async def test_what_is_paused_waits_and_says_so(
    tmp_path: Path, here: Workspace, kind: str, name: str, why: str
) -> None:
    async with running_bus(Registry.of(ship, policies=POLICIES), tmp_path) as bus:
        await bus.pause(name, "me", kind=kind)
        receipt = await bus.publish(Publication(message=Ship(), workspace=here))
        assert await reason(bus, here, receipt) == why
        await bus.resume(name, "me", kind=kind)
        await drain(bus)
        assert await reason(bus, here, receipt) == "done"


async def test_a_delayed_message_says_when_it_may_start(tmp_path: Path, here: Workspace, clock: ManualClock) -> None:
    async with running_bus(Registry.of(ship, policies=POLICIES), tmp_path, clock=clock) as bus:
        receipt = await bus.publish(Publication(message=Ship(), workspace=here, due=clock.now() + 90 * SECOND))
        found = await bus.explain(here, receipt.id)
        assert found["deliveries"][0]["text"] == "not due yet: it may start in 1m30s"
