"""Order: on a topic with `order = "key"`, deliveries of one key start one after another, as published."""

import asyncio
from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import Retry
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio

SEEN: list[tuple[str, int]] = []


class Append(Message[None], topic="demo.append", key=("document",)):
    """Append line `line` to a document."""

    document: str
    line: int
    stumbles: bool = False


@subscribe(Append, runner="writer")
async def append(message: Append, ctx: Context) -> None:
    """Let others run in the middle: only the order by key keeps the lines apart."""
    if message.stumbles and ctx.attempt == 1:
        raise Retry(after=5)
    await asyncio.sleep(0)
    SEEN.append((message.document, message.line))


POLICIES = {
    "runners": {"writer": {"description": "Writes"}},
    "topics": {"demo.append": {"summary": "Append", "permission": "permissionWorkspacesWrite", "order": "key"}},
}


async def test_one_key_keeps_its_order(tmp_path: Path, here: Workspace) -> None:
    SEEN.clear()
    async with running_bus(Registry.of(append, policies=POLICIES), tmp_path) as bus:
        for line in range(10):
            for document in ("a", "b"):
                await bus.publish(Publication(message=Append(document, line), workspace=here))
        await drain(bus)
        assert [line for document, line in SEEN if document == "a"] == list(range(10))
        assert [line for document, line in SEEN if document == "b"] == list(range(10))


async def test_a_retry_holds_its_key_back_and_no_other(tmp_path: Path, here: Workspace, clock: ManualClock) -> None:
    SEEN.clear()
    async with running_bus(Registry.of(append, policies=POLICIES), tmp_path, clock=clock) as bus:
        await bus.publish(Publication(message=Append("a", 1, stumbles=True), workspace=here))
        await bus.publish(Publication(message=Append("a", 2), workspace=here))
        await bus.publish(Publication(message=Append("b", 1), workspace=here))
        await drain(bus)
        assert SEEN == [("b", 1)]
        clock.advance(5)
        await drain(bus)
        assert SEEN == [("b", 1), ("a", 1), ("a", 2)]
