"""Delay: a message may be due later; it is never handed over early."""

from pathlib import Path

import pytest
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio

RANG: list[int] = []


class Remind(Message[None], topic="demo.remind"):
    """Ring."""


@subscribe(Remind, runner="reminders")
async def remind(message: Remind, ctx: Context) -> None:
    """Note when it rang."""
    RANG.append(ctx.now)


POLICIES = {
    "runners": {"reminders": {"description": "Rings"}},
    "topics": {"demo.remind": {"summary": "Ring", "permission": "permissionWorkspacesWrite"}},
}


async def test_a_delayed_message_waits_for_its_time(tmp_path: Path, here: Workspace, clock: ManualClock) -> None:
    RANG.clear()
    async with running_bus(Registry.of(remind, policies=POLICIES), tmp_path, clock=clock) as bus:
        due = clock.now() + 60 * SECOND
        await bus.publish(Publication(message=Remind(), workspace=here, due=due))
        clock.advance(59.999)
        await drain(bus)
        assert RANG == []
        clock.advance(0.001)
        await drain(bus)
        assert [due] == RANG


async def test_a_delayed_message_outlives_a_restart(tmp_path: Path, here: Workspace, clock: ManualClock) -> None:
    RANG.clear()
    async with running_bus(Registry.of(remind, policies=POLICIES), tmp_path, clock=clock) as bus:
        await bus.publish(Publication(message=Remind(), workspace=here, due=clock.now() + 60 * SECOND))
    clock.advance(3600)
    async with running_bus(Registry.of(remind, policies=POLICIES), tmp_path, clock=clock) as bus:
        await drain(bus)
        assert [clock.now()] == RANG
