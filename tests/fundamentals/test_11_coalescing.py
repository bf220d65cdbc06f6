"""Coalescing: while a message waits, a later one that says the same is absorbed by it."""

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

SEEN: list[tuple[str, int]] = []


class Refresh(Message[None], topic="demo.refresh", key=("page",)):
    """Refresh a page; the same again is one time too many."""

    page: str
    depth: int = 0


class Save(Message[None], topic="demo.save", key=("page",)):
    """Save a page once its author stopped typing; the newest text counts."""

    page: str
    text: int = 0


@subscribe(Refresh, runner="pages")
async def refresh(message: Refresh, ctx: Context) -> None:
    """Note it."""
    SEEN.append((message.page, message.depth))


@subscribe(Save, runner="pages")
async def save(message: Save, ctx: Context) -> None:
    """Note it."""
    SEEN.append((message.page, message.text))


POLICIES = {
    "runners": {"pages": {"description": "Pages"}},
    "topics": {
        "demo.refresh": {"summary": "Refresh", "permission": "permissionWorkspacesWrite", "coalesce": "drop"},
        "demo.save": {"summary": "Save", "permission": "permissionWorkspacesWrite", "coalesce": "debounce"},
    },
}


async def test_drop_keeps_the_earlier_of_two_equal_messages(
    tmp_path: Path, here: Workspace, clock: ManualClock
) -> None:
    SEEN.clear()
    async with running_bus(Registry.of(refresh, save, policies=POLICIES), tmp_path, clock=clock) as bus:
        later, soon = clock.now() + 60 * SECOND, clock.now() + 10 * SECOND
        first = await bus.publish(Publication(message=Refresh("home"), workspace=here, due=later))
        second = await bus.publish(Publication(message=Refresh("home"), workspace=here, due=soon))
        other = await bus.publish(Publication(message=Refresh("home", depth=2), workspace=here, due=soon))
        assert second.deduplicated
        assert second.id == first.id != other.id
        clock.advance(10)
        await drain(bus)
        assert sorted(SEEN) == [("home", 0), ("home", 2)]


async def test_debounce_waits_for_quiet_and_keeps_the_newest(
    tmp_path: Path, here: Workspace, clock: ManualClock
) -> None:
    SEEN.clear()
    async with running_bus(Registry.of(refresh, save, policies=POLICIES), tmp_path, clock=clock) as bus:
        for text in range(5):
            await bus.publish(Publication(message=Save("home", text), workspace=here, due=clock.now() + 2 * SECOND))
            clock.advance(1)
            await drain(bus)
        assert SEEN == []
        clock.advance(1)
        await drain(bus)
        assert SEEN == [("home", 4)]


async def test_force_publishes_anew(tmp_path: Path, here: Workspace, clock: ManualClock) -> None:
    async with running_bus(Registry.of(refresh, save, policies=POLICIES), tmp_path, clock=clock) as bus:
        due = clock.now() + SECOND
        first = await bus.publish(Publication(message=Refresh("home"), workspace=here, due=due))
        second = await bus.publish(Publication(message=Refresh("home"), workspace=here, due=due, force=True))
        assert first.id != second.id
