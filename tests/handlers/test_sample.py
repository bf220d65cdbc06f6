"""The sample workspace of `serve --demo` is taken in whole, once, and every label occurs in it."""

from pathlib import Path
from typing import Any

import pytest
from needlework.bus.testing import drain
from needlework.compose import _fill_sample, open_bus
from needlework.handlers.conversations.messages import ListConversations
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY
from needlework.handlers.notes.messages import ListNotes
from needlework.handlers.sample.workspace import sample_items
from needlework.settings import load_settings

pytestmark = pytest.mark.anyio
Desk = Any


async def test_the_sample_shows_conversations_of_every_channel_and_nearly_every_label(desk: Desk) -> None:
    for item in sample_items(desk.clock.now()):
        await desk(item)
    await desk.drain()
    conversations = (await desk(ListConversations(limit=100)))["items"]
    notes = (await desk(ListNotes()))["items"]
    assert (len(conversations), len(notes)) == (12, 3)
    assert {each["channel"] for each in conversations} == {"email", "chat", "slack", "github", "meeting"}
    found = {label for each in conversations + notes for label in each["labels"]}
    assert set(DEFAULTS_BY_KEY) - found <= {"competitor_mention"}
    assert sum(each["account_id"] is not None for each in conversations) >= 6


async def test_sent_in_again_it_changes_nothing(desk: Desk) -> None:
    answers = [await desk(item) for _ in range(2) for item in sample_items(desk.clock.now())]
    half = len(answers) // 2
    assert all(each["created"] for each in answers[:half])
    assert not any(each["created"] for each in answers[half:])


async def test_a_second_start_of_the_demo_publishes_nothing(tmp_path: Path) -> None:
    """Each start published the sample anew: nothing changed, but the list of messages grew by it."""
    async with open_bus(load_settings(tmp_path, environ={})) as bus:
        await bus.start()
        workspace = bus.workspaces.by_name["default"]
        await _fill_sample(bus)
        await drain(bus)
        before = (await bus.messages(workspace, limit=500))["items"]
        await _fill_sample(bus)
        await drain(bus)
        assert len(before) > 20
        assert (await bus.messages(workspace, limit=500))["items"] == before
