"""Greetings: the answer, the fact that follows, and that a crash neither loses nor doubles it."""

import random
from pathlib import Path

import pytest
from needlework.bus.bus import Bus
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.testing import drain, plugin_registry, recorded, running_bus
from needlework.bus.testing.crashes import survive_crashes

NAMES = ("Ada", "Grace", "Edsger")


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that the service runs on."""
    return "asyncio"


@pytest.fixture
def registry() -> Registry:
    """The plug-ins of the folder beside this file."""
    return plugin_registry(Path(__file__).with_name("plugins"))


@pytest.mark.anyio
async def test_greeting_somebody_is_a_fact_that_follows(registry: Registry, tmp_path: Path) -> None:
    greet = registry.topic("greetings.greet").type
    async with running_bus(registry, tmp_path) as bus:
        workspace = await bus.workspaces.get("default")
        _, outcome = await bus.request(Publication(message=greet(name="Ada"), workspace=workspace), timeout=5)
        assert outcome.data == {"text": "Hello, Ada!", "letters": 3}
        await drain(bus)
        facts = await bus.messages(workspace, topic="greetings.greeted")
        assert [fact["state"] for fact in facts["items"]] == ["done"]


def test_everybody_is_greeted_once_whatever_crashes(registry: Registry, tmp_path: Path) -> None:
    greet = registry.topic("greetings.greet").type

    async def work(bus: Bus, source: random.Random) -> None:
        workspace = bus.workspaces.by_name["default"]
        for name in NAMES:  # a crash breaks this off; then it is repeated, under the same keys
            message = greet(name=name)
            await bus.publish(Publication(message=message, workspace=workspace, idempotency_key=name))

    async def invariant(bus: Bus, at_rest: bool) -> None:
        greeted = [event for event in await recorded(bus, topic="greetings.greeted") if event.kind == "result"]
        assert len(greeted) == len(NAMES) if at_rest else len(greeted) <= len(NAMES)

    survival = survive_crashes(registry, tmp_path, work, invariant, seeds=range(20))
    assert survival.crashes >= 20
