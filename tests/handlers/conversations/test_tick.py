"""The tick of conversations: what has settled is analysed, what is idle is closed, nothing twice."""

from typing import Any

import pytest
from needlework.handlers.conversations.messages import (
    IngestConversation,
    ListConversations,
    MessageInput,
    TickConversations,
)
from needlework.handlers.system.messages import EnableTicks

pytestmark = pytest.mark.anyio
Desk = Any
NOW = 1_767_225_600
ANALYSER = "conversation_note_analysis_processor"


async def held(desk: Desk, ago: int, count: int = 1) -> None:
    """Conversations whose analysis was queued `ago` seconds before now and never came about."""
    await desk.bus.pause(ANALYSER, "test")
    for number in range(count):
        text = MessageInput(text="hello", sent_at=desk.clock.now() // 1_000_000)
        await desk(IngestConversation(id=f"conv_{number}", messages=[text]))
    for item in (await desk.bus.messages(desk.workspace, topic="conversation_note_analysis"))["items"]:
        await desk.bus.cancel(desk.workspace, item["id"], "test")
    desk.clock.advance(ago)


async def test_what_lost_its_analysis_is_queued_once(desk: Desk) -> None:
    await held(desk, ago=16 * 60, count=3)
    first = await desk(TickConversations())
    assert (first["conversations_queued"], first["closed"]) == (3, 0)
    batch = await desk.bus.batch(desk.workspace, first["batch_id"])
    assert batch["total"] == 3
    again = await desk(TickConversations())
    assert (again["conversations_queued"], again["batch_id"]) == (0, None)


async def test_what_is_queued_already_is_left_alone(desk: Desk) -> None:
    await held(desk, ago=60)
    assert (await desk(TickConversations()))["conversations_queued"] == 0


async def test_what_is_analysed_is_left_alone(desk: Desk) -> None:
    await desk(IngestConversation(messages=[MessageInput(text="hello")]))
    await desk.drain()
    desk.clock.advance(3600)
    assert (await desk(TickConversations()))["conversations_queued"] == 0


async def test_a_week_of_silence_closes(desk: Desk) -> None:
    for name, days in (("recent", 6), ("idle", 7)):
        said = MessageInput(text="hello", sent_at=NOW - days * 86_400)
        await desk(IngestConversation(id=f"conv_{name}", messages=[said]))
    assert (await desk(TickConversations()))["closed"] == 1
    assert (await desk(TickConversations()))["closed"] == 0
    closed = await desk(ListConversations(status="closed"))
    assert [each["id"] for each in closed["items"]] == ["conv_idle"]


async def test_while_ticks_are_disabled_nothing_changes(desk: Desk) -> None:
    await held(desk, ago=16 * 60)
    config = {"tick": {"disable": True, "reason": "too many failures"}}
    await desk.bus.workspaces.set_config(desk.workspace, config, "test")
    outcome = await desk.outcome(TickConversations())
    assert outcome.kind == "refused"
    assert (outcome.data["status"], outcome.data["code"]) == (409, "tick_disabled")
    assert "too many failures" in outcome.data["detail"]
    assert await desk(EnableTicks()) == {"enabled": True, "was_disabled": True}
    assert await desk(EnableTicks()) == {"enabled": True, "was_disabled": False}
    assert (await desk(TickConversations()))["conversations_queued"] == 1
