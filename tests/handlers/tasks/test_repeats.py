"""A summary that the service writes repeats what its source says: that counts once, everywhere."""

from collections import Counter
from typing import Any

import pytest
from needlework.bus.clock import SECOND, rfc3339
from needlework.handlers.accounts.messages import IngestAccount
from needlework.handlers.conversations.messages import IngestConversation, MessageInput, SummariseChat
from needlework.handlers.labels.messages import LabelsInRange, ListContentLabels
from needlework.handlers.meetings.messages import IngestMeeting, SummariseMeeting
from needlework.handlers.needle_movers.messages import NeedleMoverCandidate
from needlework.handlers.notes.messages import IngestNote, ListNotes, ReadNote, UpdateNote
from needlework.handlers.tasks.messages import ListTasks, ProcessTaskLabels, ReadTask

pytestmark = pytest.mark.anyio
Desk = Any
SAID = (
    ("Ann", "The export to PDF fails with an error for every invoice of more than two hundred pages."),
    ("Bob", "It runs out of memory, because every page is kept until the whole file is written to the disk."),
    ("Ann", "We decided that we go with streaming, and the old export stays behind a switch until the end of May."),
    ("Bob", "I will send the design to everybody by Friday, with the numbers that I measured on Monday morning."),
    ("Cleo", "Please tell the support team before we release it, so that they know what to say to customers."),
    ("Bob", "Could you please make a list of the customers who have complained about it in the last two weeks?"),
    ("Ann", "The support team gets a call about the export every day, and three customers ask for their money back."),
    ("Cleo", "We are seriously considering cancelling our subscription, wrote the largest of them this morning."),
)


async def summarised(desk: Desk, source: str) -> str:
    """A meeting or a channel in which all that was said, with what follows from it: the id of its summary."""
    start = desk.clock.now() - 4 * 3600 * SECOND
    said = [
        MessageInput(sender=who, text=text, sent_at=rfc3339(start + n * SECOND), external_id=str(n))
        for n, (who, text) in enumerate(SAID)
    ]
    await desk(IngestAccount(id="acct_1", name="Larkfield", domains=["larkfield.example"]))
    channel: dict[str, Any] = {"channel": "slack", "channel_id": "C1"} if source == "chat" else {"channel": "meeting"}
    await desk(IngestConversation(id="conv_1", account_id="acct_1", subject="#export", messages=said, **channel))
    if source == "chat":
        await desk(SummariseChat(channel_id="C1", window_start=rfc3339(start)))
    else:
        times = {"start": rfc3339(start), "end": rfc3339(start + 3600 * SECOND)}
        await desk(IngestMeeting(id="meet_1", title="Export", conversation_id="conv_1", **times))
        await desk(SummariseMeeting(meeting_id="meet_1"))
    await desk.drain()
    (note,) = (await desk(ListNotes()))["items"]
    assert note["analyzed_version"] == "v1"
    return str(note["id"])


@pytest.mark.parametrize("source", ["chat", "meeting"])
async def test_no_task_is_suggested_a_second_time_because_a_summary_repeats_its_source(desk: Desk, source: str) -> None:
    """The summary's words had another account (none) and another place, so each task came twice."""
    note = await summarised(desk, source)
    labels = Counter(each["label"] for each in (await desk(ListContentLabels(content_id=note)))["items"])
    assert labels["action_items"] >= 1, "the summary says it too"
    tasks = (await desk(ListTasks(source="content_label")))["items"]
    assert len(tasks) >= 2
    for task in tasks:
        proof = (await desk(ReadTask(id=task["id"])))["evidence"]
        assert "conv_1" in {each["content_id"] for each in proof}, task["title"]
    assert (await desk(ProcessTaskLabels()))["suggested"] == 0, "what was looked at is not looked at for ever"
    assert len((await desk(ListTasks(source="content_label")))["items"]) == len(tasks)


async def test_what_a_person_adds_to_a_summary_suggests_a_task(desk: Desk) -> None:
    note = await summarised(desk, "chat")
    before = {each["id"] for each in (await desk(ListTasks()))["items"]}
    body = (await desk(ReadNote(id=note)))["body_md"]
    await desk(UpdateNote(id=note, body_md=f"{body}\nCould you please order new chairs for the small room?\n"))
    await desk.drain()
    added = [each for each in (await desk(ListTasks()))["items"] if each["id"] not in before]
    assert ["chairs" in each["title"] for each in added] == [True]


async def test_a_summary_that_another_program_sent_in_counts(desk: Desk) -> None:
    await desk(IngestNote(kind="meeting_summary", title="Call", body_md="Could you please send us the contract?"))
    await desk.drain()
    assert len((await desk(ListTasks()))["items"]) == 1


async def test_a_summary_is_no_evidence_of_its_own_for_needle_movers_and_reports(desk: Desk) -> None:
    note = await summarised(desk, "chat")
    found = (await desk(LabelsInRange()))["items"]
    assert {each["repeats"] for each in found if each["content_id"] == note} == {True}
    assert {each["repeats"] for each in found if each["content_id"] == "conv_1"} == {False}
    await desk.publish(NeedleMoverCandidate())
    await desk.drain()
    handed = {each["key"]["entity_id"] for each in await messages(desk, "needle_mover")}
    assert "conv_1" in handed
    assert note not in handed


async def messages(desk: Desk, topic: str) -> list[dict[str, Any]]:
    listed = (await desk.bus.messages(desk.workspace, topic=topic))["items"]
    return [await desk.bus.message(desk.workspace, each["id"]) for each in listed]
