"""Greetings: the answer, and the fact that follows."""

from pathlib import Path

import pytest
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.testing import drain, plugin_registry, running_bus

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that the service runs on."""
    return "asyncio"


@pytest.fixture
def registry() -> Registry:
    """The plug-ins of the folder beside this file."""
    return plugin_registry(Path(__file__).with_name("plugins"))


async def test_greeting_somebody_is_a_fact_that_follows(registry: Registry, tmp_path: Path) -> None:
    greet = registry.topic("greetings.greet").type
    async with running_bus(registry, tmp_path) as bus:
        workspace = await bus.workspaces.get("default")
        _, outcome = await bus.request(Publication(message=greet(name="Ada"), workspace=workspace), timeout=5)
        assert outcome.data == {"text": "Hello, Ada!", "letters": 3}
        await drain(bus)
        facts = await bus.messages(workspace, topic="greetings.greeted")
        assert [fact["state"] for fact in facts["items"]] == ["done"]
