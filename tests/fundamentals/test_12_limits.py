"""Limits: topics may share a limit; over it work waits, it is never dropped."""

import asyncio
from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio

NOW = 0
MOST = 0
DONE = 0


class Think(Message[None], topic="demo.think"):
    """Use the one model that there is."""


@subscribe(Think, runner="thinker")
async def think(message: Think, ctx: Context) -> None:
    """Count how many think at once."""
    global NOW, MOST, DONE
    NOW, MOST = NOW + 1, max(MOST, NOW + 1)
    await asyncio.sleep(0)
    NOW, DONE = NOW - 1, DONE + 1


POLICIES = {
    "runners": {"thinker": {"description": "Thinks", "concurrency": 8}},
    "topics": {"demo.think": {"summary": "Think", "permission": "permissionWorkspacesWrite", "limits": ["model"]}},
    "limits": {"model": {"concurrency": 2}},
}


async def test_no_more_than_the_limit_run_at_once_and_all_run(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(think, policies=POLICIES), tmp_path) as bus:
        await bus.publish_all([Publication(message=Think(), workspace=here) for _ in range(30)])
        await drain(bus)
        assert (MOST, DONE) == (2, 30)
