"""Retry: a handler that fails runs again later; one that fails too often is buried with its history."""

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

ATTEMPTS: list[int] = []


class Fetch(Message[str], topic="demo.fetch"):
    """Works from attempt number `works_from`."""

    works_from: int


class Poll(Message[str], topic="demo.poll"):
    """Not ready the first time."""


@subscribe(Fetch, runner="fetcher")
async def fetch(message: Fetch, ctx: Context) -> str:
    """Fail for a while."""
    ATTEMPTS.append(ctx.attempt)
    if ctx.attempt < message.works_from:
        raise ConnectionError("the other side is away")
    return "fetched"


@subscribe(Poll, runner="fetcher")
async def poll(message: Poll, ctx: Context) -> str:
    """Ask to be called again in ten seconds."""
    if ctx.attempt == 1:
        raise Retry("not ready", after=10)
    return "ready"


RETRY = {"attempts": 3, "first": "2s", "factor": 2.0, "jitter": 0.0}
POLICIES = {
    "runners": {"fetcher": {"description": "Fetches"}},
    "topics": {
        "demo.fetch": {"summary": "Fetch", "permission": "permissionWorkspacesWrite", "retry": RETRY},
        "demo.poll": {"summary": "Poll", "permission": "permissionWorkspacesWrite"},
    },
}


async def test_a_failed_delivery_runs_again_after_its_backoff(
    tmp_path: Path, here: Workspace, clock: ManualClock
) -> None:
    ATTEMPTS.clear()
    async with running_bus(Registry.of(fetch, poll, policies=POLICIES), tmp_path, clock=clock) as bus:
        receipt = await bus.publish(Publication(message=Fetch(works_from=3), workspace=here))
        await drain(bus)
        assert ATTEMPTS == [1]
        clock.advance(2)  # the first backoff
        await drain(bus)
        clock.advance(4)  # twice as long
        await drain(bus)
        assert ATTEMPTS == [1, 2, 3]
        assert (await bus.message(here, receipt.id))["result"] == "fetched"


async def test_what_fails_too_often_is_dead_and_keeps_its_history(
    tmp_path: Path, here: Workspace, clock: ManualClock
) -> None:
    async with running_bus(Registry.of(fetch, poll, policies=POLICIES), tmp_path, clock=clock) as bus:
        receipt = await bus.publish(Publication(message=Fetch(works_from=99), workspace=here))
        for _ in range(3):
            await drain(bus)
            clock.advance(10)
        found = await bus.message(here, receipt.id)
        assert found["state"] == "dead"
        assert [attempt["error"].splitlines()[0] for attempt in found["attempts"]] == [
            "ConnectionError: the other side is away"
        ] * 3


async def test_a_handler_may_ask_to_be_called_again(tmp_path: Path, here: Workspace, clock: ManualClock) -> None:
    async with running_bus(Registry.of(fetch, poll, policies=POLICIES), tmp_path, clock=clock) as bus:
        receipt = await bus.publish(Publication(message=Poll(), workspace=here))
        await drain(bus)
        clock.advance(10)
        await drain(bus)
        assert (await bus.message(here, receipt.id))["result"] == "ready"
