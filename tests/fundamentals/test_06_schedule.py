"""Schedule: a topic with a schedule is published in every workspace at its times."""

from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus

pytestmark = pytest.mark.anyio

SWEPT: list[str] = []


class Sweep(Message[None], topic="demo.sweep"):
    """Sweep the workspace."""


@subscribe(Sweep, runner="sweeper")
async def sweep(message: Sweep, ctx: Context) -> None:
    """Note which workspace."""
    SWEPT.append(ctx.workspace.name)


POLICIES = {
    "runners": {"sweeper": {"description": "Sweeps"}},
    "topics": {"demo.sweep": {"summary": "Sweep", "permission": "permissionWorkspacesWrite", "schedule": "every 10m"}},
}


async def test_a_schedule_publishes_in_every_workspace(tmp_path: Path, clock: ManualClock) -> None:
    SWEPT.clear()
    async with running_bus(Registry.of(sweep, policies=POLICIES), tmp_path, clock=clock) as bus:
        await bus.workspaces.create("acme", "test")
        for _ in range(20):
            clock.advance(61)
            await drain(bus)
        assert sorted(SWEPT) == ["acme", "default", "default"]  # acme's times count from its own start


async def test_slots_missed_while_it_was_down_are_made_up_once(tmp_path: Path, clock: ManualClock) -> None:
    SWEPT.clear()
    registry = Registry.of(sweep, policies=POLICIES)
    async with running_bus(registry, tmp_path, clock=clock) as bus:
        await drain(bus)
    clock.advance(3600)  # six slots
    async with running_bus(registry, tmp_path, clock=clock) as bus:
        await drain(bus)
    assert SWEPT == ["default"]
