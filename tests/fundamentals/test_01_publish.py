"""Publish: a message is a typed record on a topic; a handler takes it for a runner."""

from pathlib import Path

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import UnknownTopic
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio

GREETED: list[str] = []


class Greet(Message[None], topic="demo.greet"):
    """Greet somebody."""

    name: str


class Unheard(Message[None], topic="demo.unheard"):
    """No registry knows it."""


@subscribe(Greet, runner="greeter")
async def greet(message: Greet, ctx: Context) -> None:
    """Remember whom we greeted."""
    GREETED.append(message.name)


# Types live in Python, policy in topics.toml; here it is a dictionary.
POLICIES = {
    "runners": {"greeter": {"description": "Greets"}},
    "topics": {"demo.greet": {"summary": "Greet somebody", "permission": "permissionWorkspacesWrite"}},
}


async def test_a_published_message_reaches_the_handler_of_its_topic(tmp_path: Path, here: Workspace) -> None:
    GREETED.clear()
    async with running_bus(Registry.of(greet, policies=POLICIES), tmp_path) as bus:
        receipt = await bus.publish(Publication(message=Greet("Ada"), workspace=here))
        await drain(bus)  # until nothing is due
        assert receipt.id.startswith("msg_")
        assert GREETED == ["Ada"]


async def test_a_message_is_stored_before_publish_returns(tmp_path: Path, here: Workspace) -> None:
    bus = await Bus.open(tmp_path, Registry.of(greet, policies=POLICIES))  # opened, not started: nothing runs
    receipt = await bus.publish(Publication(message=Greet("Ada"), workspace=here))
    await bus.stop()
    async with running_bus(Registry.of(greet, policies=POLICIES), tmp_path) as bus:
        await drain(bus)
        found = await bus.message(here, receipt.id)
        assert (found["state"], found["data"]) == ("done", {"name": "Ada"})


async def test_a_message_that_belongs_to_no_topic_is_refused(tmp_path: Path, here: Workspace) -> None:
    async with running_bus(Registry.of(greet, policies=POLICIES), tmp_path) as bus:
        with pytest.raises(UnknownTopic):
            await bus.publish(Publication(message=Unheard(), workspace=here))
