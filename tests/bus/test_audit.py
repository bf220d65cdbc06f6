"""The log for people: its line is committed with the change that it tells of, or neither is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import Conflict
from needlework.bus.messages import Message
from needlework.bus.permissions import ALL
from needlework.bus.principals import LOCAL, Requester
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio
SOMEBODY = Requester(LOCAL, "req_1", "127.0.0.1")


class Idle(Message[None], topic="audit.idle"):
    """Waits for a tick that never comes."""


@subscribe(Idle, runner="idle")
async def idle(message: Idle, ctx: Context) -> None:
    """Nothing."""


POLICIES: dict[str, Any] = {
    "runners": {"idle": {"description": "Only when ticked", "mode": "tick"}},
    "topics": {"audit.idle": {"summary": "Idle", "permission": "permissionWorkspacesWrite"}},
}


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    """A running bus with one topic that nobody ticks."""
    async with running_bus(Registry.of(idle, policies=POLICIES), tmp_path / "data") as bus:
        yield bus


@pytest.fixture
def here(bus: Bus) -> Workspace:
    """The default workspace."""
    return bus.workspaces.by_name["default"]


async def newest(bus: Bus) -> dict[str, Any]:
    """The log's last line."""
    line: dict[str, Any] = (await bus.audit.list(None, limit=1))["items"][0]
    return line


async def refuse_lines(bus: Bus) -> None:
    """From now on no line can be written."""
    await bus.store.write(
        [Statement("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no line'); END")]
    )


async def test_a_workspace_and_its_line_are_one_change(bus: Bus) -> None:
    made = await bus.workspaces.create("acme", SOMEBODY)
    line = await newest(bus)
    assert (line["action"], line["target"], line["workspace_id"]) == ("workspace.created", "acme", made.id)
    assert (line["principal"], line["request_id"], line["origin"]) == ("local", "req_1", "127.0.0.1")
    await refuse_lines(bus)
    with pytest.raises(Exception, match="no line"):
        await bus.workspaces.create("lost", SOMEBODY)
    assert await bus.workspaces.get("lost") is None


async def test_a_configuration_and_its_line_are_one_change(bus: Bus, here: Workspace) -> None:
    await bus.workspaces.set_config(here, {"timezone": "Europe/Berlin"}, SOMEBODY)
    assert (await newest(bus))["action"] == "workspace.configured"
    await refuse_lines(bus)
    with pytest.raises(Exception, match="no line"):
        await bus.workspaces.set_config(here, {"timezone": "UTC"}, SOMEBODY)
    assert (await bus.workspaces.config(here))["timezone"] == "Europe/Berlin"


async def test_a_cancellation_and_its_line_are_one_change(bus: Bus, here: Workspace) -> None:
    first, second = [await bus.publish(Publication(message=Idle(), workspace=here)) for _ in range(2)]
    assert await bus.cancel(here, first.id, SOMEBODY) == {"cancelled": 1}
    line = await newest(bus)
    assert (line["action"], line["target"], line["outcome"]) == ("message.cancelled", first.id, "done")
    with pytest.raises(Conflict):
        await bus.cancel(here, first.id, SOMEBODY)
    assert await newest(bus) == line
    await refuse_lines(bus)
    with pytest.raises(Exception, match="no line"):
        await bus.cancel(here, second.id, SOMEBODY)
    assert (await bus.message(here, second.id))["state"] != "cancelled"


async def test_a_pause_tells_by_which_request(bus: Bus) -> None:
    await bus.pause("idle", SOMEBODY)
    line = await newest(bus)
    assert (line["action"], line["principal"], line["request_id"]) == ("runner.pause", "local", "req_1")


async def test_a_clean_stop_keeps_when_a_token_was_last_used(bus: Bus) -> None:
    text, record = await bus.tokens.create("laptop", ALL, None, None, SOMEBODY)
    assert await bus.tokens.check(text) is not None
    await bus.finish(1)
    (kept,) = await bus.tokens.list()
    assert kept.id == record.id
    assert kept.last_used_at is not None


async def test_the_whole_log_is_sifted_like_that_of_a_workspace(bus: Bus) -> None:
    for name in ("acme", "blue"):
        await bus.workspaces.create(name, SOMEBODY)
    await bus.pause("idle", SOMEBODY)
    found = await bus.audit.list(None, action="workspace.*", principal="local")
    assert [line["target"] for line in found["items"]] == ["blue", "acme"]
    assert (await bus.audit.list(None, principal="nobody"))["items"] == []
