"""The sample workspace of `serve --demo` is taken in whole, once, and tells what it is meant to tell."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.testing import drain
from needlework.compose import _fill_sample, open_bus
from needlework.handlers.accounts.messages import ListAccounts, ListContacts
from needlework.handlers.conversations.messages import ListConversations, ReadConversation
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY
from needlework.handlers.labels.messages import ListContentLabels
from needlework.handlers.meetings.messages import ListMeetings
from needlework.handlers.notes.messages import ListNotes
from needlework.handlers.sample.workspace import sample_items
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.times import DAY, read_time
from needlework.settings import load_settings

pytestmark = pytest.mark.anyio
Desk = Any


async def everything(desk: Desk, ask: type[Message[Any]], **fields: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await desk(ask(limit=50, cursor=cursor, **fields))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.fixture
async def sample(desk: Desk) -> Desk:
    """A workspace with the sample in it, and all that follows from it done."""
    messages = [Publication(message=item, workspace=desk.workspace) for item in sample_items(desk.clock.now())]
    await desk.bus.publish_all(messages)
    await desk.drain()
    return desk


async def test_the_sample_is_ninety_days_of_every_channel_with_every_label(sample: Desk) -> None:
    conversations = await everything(sample, ListConversations)
    channels = Counter(each["channel"] for each in conversations)
    assert set(channels) == {"email", "chat", "slack", "github", "meeting"}
    assert min(channels.values()) >= 7
    assert sum(channels.values()) >= 60
    oldest = min(read_time(each["started_at"]) for each in conversations)
    assert 75 * DAY < sample.clock.now() - oldest < 91 * DAY
    notes = await everything(sample, ListNotes)
    assert {label for each in conversations + notes for label in each["labels"]} == set(DEFAULTS_BY_KEY)
    assert all(each["analyzed_at"] for each in conversations + notes)
    assert (await sample.bus.messages(sample.workspace, state="dead"))["items"] == []


async def test_the_twelve_accounts_have_people_money_and_conversations(sample: Desk) -> None:
    accounts = await everything(sample, ListAccounts)
    assert len(accounts) == 12
    assert [each["name"] for each in accounts if each["status"] == "churned"] == ["Dunmore Pharmacies"]
    spoken = Counter(each["account_id"] for each in await everything(sample, ListConversations))
    known = {each["account_id"] for each in await everything(sample, ListContacts)}
    for account in accounts:
        assert spoken[account["id"]] >= 2, account["name"]
        assert account["id"] in known
        assert account["mrr"] > 0 or account["churned_at"]


async def test_each_meeting_has_what_was_said_in_it(sample: Desk) -> None:
    meetings = await everything(sample, ListMeetings)
    assert len(meetings) == 8
    for meeting in meetings:
        said = await sample(ReadConversation(id=meeting["conversation_id"]))
        assert said["subject"] == meeting["title"]
        assert len({turn["sender"]["name"] for turn in said["messages"]}) >= 3
        assert 150 <= sum(len(turn["text"].split()) for turn in said["messages"]) <= 600
        assert meeting["start"] <= said["messages"][0]["sent_at"]
        assert said["messages"][-1]["sent_at"] < meeting["end"]
        assert {"action_items", "follow_up_promised"} & {each["label"] for each in said["labels"]}


# What the three matters of the sample are told by: a label, words of the quote, and at least so many accounts.
MATTERS = {
    "the payroll integration breaks": ("task_issue_bug", r"payroll sync|sync to Paylane", 4),
    "a calendar feed is wished for": ("feature_request", r"(?i)calendar feed", 3),
    "the new price is too high": ("pricing_objection", r"small practice", 3),
}


@pytest.mark.parametrize("matter", MATTERS)
async def test_three_matters_are_spoken_of_by_several_accounts_within_a_month(sample: Desk, matter: str) -> None:
    """Alike enough to be one matter, but never in the same words."""
    label, words, least = MATTERS[matter]
    accounts = {each["id"]: each["account_id"] for each in await everything(sample, ListConversations)}
    spans = {
        each["evidence"][0]["quote"]: accounts.get(each["content_id"])
        for each in await everything(sample, ListContentLabels, label=label)
        if re.search(words, each["evidence"][0]["quote"])
    }
    assert len(spans) >= 5
    assert len({account for account in spans.values() if account is not None}) >= least
    vectors = shared_encoder().encode(list(spans))
    cosines = (vectors @ vectors.T)[np.triu_indices(len(spans), 1)]
    assert cosines.mean() >= 0.55
    assert cosines.max() < 0.99


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
