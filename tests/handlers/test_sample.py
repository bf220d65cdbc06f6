"""The sample workspace of `serve --demo` is taken in whole, once, and tells what it is meant to tell."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from needlework.bus.messages import Message
from needlework.bus.testing import ManualClock, drain
from needlework.cli.demo import fill_sample
from needlework.handlers.accounts.messages import ListAccounts, ListContacts
from needlework.handlers.conversations.messages import ListConversations, ReadConversation, TickConversations
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY
from needlework.handlers.labels.messages import ListContentLabels
from needlework.handlers.meetings.messages import ListMeetings
from needlework.handlers.needle_movers.messages import ListEvidence, ListNeedleMovers
from needlework.handlers.notes.messages import ListNotes, ReadNote
from needlework.handlers.sample.workspace import sample_items
from needlework.handlers.tasks.messages import ListTasks
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.times import DAY, read_time

pytestmark = pytest.mark.anyio
Desk = Any
PATIENCE = 200
"""Seconds for all of the sample on a machine with other things to do."""


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


@pytest.fixture(scope="module")
async def sample(open_desk: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A workspace with the sample in it, and all that follows from it done; nobody here changes it."""
    async with open_desk(tmp_path_factory.mktemp("sample"), ManualClock()) as desk:
        await fill_sample(desk.bus)
        await drain(desk.bus, seconds=PATIENCE)
        desk.clock.advance(61)  # what was sent in has settled, and threads that are over are summarised
        await desk(TickConversations())
        await drain(desk.bus, seconds=PATIENCE)
        yield desk


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
    meetings = [each for each in await everything(sample, ListMeetings) if each["conversation_id"]]
    assert len(meetings) == 8
    for meeting in meetings:
        said = await sample(ReadConversation(id=meeting["conversation_id"]))
        assert said["subject"] == meeting["title"]
        assert len({turn["sender"]["name"] for turn in said["messages"]}) >= 3
        assert 150 <= sum(len(turn["text"].split()) for turn in said["messages"]) <= 600
        assert meeting["start"] <= said["messages"][0]["sent_at"]
        assert said["messages"][-1]["sent_at"] < meeting["end"]
        assert {"action_items", "follow_up_promised"} & {each["label"] for each in said["labels"]}


async def test_threads_of_slack_are_summarised_by_themselves(sample: Desk) -> None:
    found = {each["title"]: each for each in await everything(sample, ListNotes, kind="chat_summary")}
    assert len(found) == 2
    pricing = next(each for title, each in found.items() if title.startswith("Summary: #pricing"))
    body = (await sample(ReadNote(id=pricing["id"])))["body_md"]
    assert "- https://docs.quayside.example/pricing/small-plan [(" in body
    assert "## Action items" in body


async def test_what_recurs_in_the_calendar_is_ahead_with_its_exceptions(sample: Desk) -> None:
    """The weekly review of a month: one moved, one left out; what was cancelled is told so."""
    meetings = [each for each in await everything(sample, ListMeetings) if not each["conversation_id"]]
    assert all(read_time(each["start"]) > sample.clock.now() for each in meetings)
    titles = Counter(each["title"] for each in meetings if each["status"] == "confirmed")
    assert titles["Weekly success review"] == 3
    assert titles["Weekly success review (moved: Ada travels)"] == 1
    assert titles["Release planning"] == 2
    assert [each["title"] for each in meetings if each["status"] == "cancelled"] == [
        "Export check with Larkfield Eastgate"
    ]


async def test_tasks_are_written_down_and_suggested(sample: Desk) -> None:
    tasks = await everything(sample, ListTasks)
    written = [each for each in tasks if each["source"] == "user"]
    assert Counter(each["status"] for each in written) == {"open": 3, "in_progress": 1, "done": 1}
    assert all(each["assignee"] and each["account_id"] for each in written)
    suggested = [each for each in tasks if each["status"] == "suggested"]
    assert len(suggested) >= 15
    assert sum(each["due_on"] is not None for each in suggested) >= 5
    assert {each["labels"]["type"]["value"] for each in tasks} >= {"bug", "feature", "follow_up"}


async def test_the_three_matters_become_needle_movers_by_themselves(sample: Desk) -> None:
    """Nobody names them: each is found from what several accounts said, and ranks high."""
    movers = await everything(sample, ListNeedleMovers)
    found: dict[str, dict[str, Any]] = {}
    for mover in movers:
        linked = await everything(sample, ListEvidence, id=mover["id"], state="linked")
        for matter, (label, words, _) in MATTERS.items():
            if sum(each["label"] == label and bool(re.search(words, each["span"]["quote"])) for each in linked) >= 4:
                found[matter] = mover
    assert found.keys() == MATTERS.keys()
    assert len({mover["id"] for mover in found.values()}) == 3
    for matter, mover in found.items():
        assert mover["accounts"] >= 3, matter
        assert movers.index(mover) < 8, matter
    assert [found[matter]["kind"] for matter in MATTERS] == ["issue", "opportunity", "risk"]


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
    outcomes = [await desk.outcome(item) for _ in range(2) for item in sample_items(desk.clock.now())]
    half = len(outcomes) // 2
    assert all(each.kind == "result" and each.data.get("created", True) for each in outcomes[:half])
    again = [each.data["code"] if each.kind == "refused" else each.data["created"] for each in outcomes[half:]]
    assert Counter(again) == {False: half - 5, "id_taken": 5}  # a task is written down once


async def test_a_second_start_of_the_demo_publishes_nothing(sample: Desk) -> None:
    """Each start published the sample anew: nothing changed, but the list of messages grew by it."""
    before = (await sample.bus.messages(sample.workspace, limit=500))["items"]
    await fill_sample(sample.bus)
    await sample.drain()
    assert len(before) > 20
    assert (await sample.bus.messages(sample.workspace, limit=500))["items"] == before
