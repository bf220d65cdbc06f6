"""Ask: a request publishes a message and waits for its outcome; a query only reads and is never stored."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio


class Sum(msgspec.Struct):
    """What Add answers."""

    value: int


class Add(Message[Sum], topic="demo.add"):
    """Add two numbers."""

    a: int
    b: int


class HowMany(Message[int], topic="demo.how_many"):
    """Count the stored messages."""


@subscribe(Add, runner="calculator")
async def add(message: Add, ctx: Context) -> Sum:
    """The sum."""
    return Sum(message.a + message.b)


@subscribe(HowMany, runner="calculator")
async def how_many(message: HowMany, ctx: Context) -> Any:
    """A read of a committed snapshot."""
    return await ctx.db.value(Statement("SELECT count(*) FROM messages"))


POLICIES = {
    "runners": {"calculator": {"description": "Calculates"}},
    "topics": {
        "demo.add": {"summary": "Add", "permission": "permissionWorkspacesWrite", "reply": "result"},
        "demo.how_many": {"summary": "Count", "permission": "permissionRead", "query": True},
    },
}


async def test_a_request_returns_what_the_handler_returned(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(add, how_many, policies=POLICIES), tmp_path) as bus:
        _, outcome = await bus.request(Publication(message=Add(2, 3), workspace=here), timeout=10)
        assert outcome is not None
        assert (outcome.kind, outcome.data) == ("result", {"value": 5})


async def test_a_request_that_nobody_runs_is_kept_until_somebody_does(tmp_path: Path, here: Workspace) -> None:
    registry = Registry.of(add, how_many, policies=POLICIES)
    async with running_bus(registry, tmp_path, runners=[]) as bus:
        receipt, outcome = await bus.request(Publication(message=Add(2, 3), workspace=here), timeout=0.1)
        assert outcome is None
    async with running_bus(registry, tmp_path) as bus:
        await drain(bus)
        assert (await bus.message(here, receipt.id))["result"] == {"value": 5}


async def test_a_query_runs_at_once_and_stores_nothing(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(add, how_many, policies=POLICIES), tmp_path) as bus:
        assert await bus.query(HowMany(), workspace=here, principal="me") == 0
        assert await bus.query(HowMany(), workspace=here, principal="me") == 0
