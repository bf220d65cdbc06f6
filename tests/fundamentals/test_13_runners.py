"""Several runners: each that subscribes to a topic gets a delivery of its own."""

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


class Signed(Message[str], topic="demo.signed"):
    """A contract was signed: a fact, in the past tense."""


@subscribe(Signed, runner="billing")
async def bill(message: Signed, ctx: Context) -> str:
    """Send the bill."""
    return "billed"


@subscribe(Signed, runner="welcome")
async def welcome(message: Signed, ctx: Context) -> None:
    """Fail: the other runner does not notice."""
    raise RuntimeError("the printer is on fire")


POLICIES = {
    "runners": {"billing": {"description": "Bills"}, "welcome": {"description": "Welcomes"}},
    "topics": {
        "demo.signed": {
            "summary": "Signed", "permission": "permissionWorkspacesWrite", "replies": "billing",
            "retry": {"attempts": 1},
        }
    },
}  # fmt: skip


async def test_each_runner_has_a_delivery_with_a_fate_of_its_own(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(bill, welcome, policies=POLICIES), tmp_path) as bus:
        receipt = await bus.publish(Publication(message=Signed(), workspace=here))
        await drain(bus)
        found = await bus.message(here, receipt.id)
        assert {delivery["runner"]: delivery["state"] for delivery in found["deliveries"]} == {
            "billing": "done", "welcome": "dead",
        }  # fmt: skip


async def test_one_of_them_answers(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(bill, welcome, policies=POLICIES), tmp_path) as bus:
        _, outcome = await bus.request(Publication(message=Signed(), workspace=here), timeout=10)
        assert outcome is not None
        assert outcome.data == "billed"
