"""From a calendar or a transcript to a summary: when it is due, what it is made of, and that it is written once."""

import re
from typing import Any

import pytest
from needlework.bus.clock import SECOND, rfc3339
from needlework.handlers.conversations.messages import IngestConversation, MessageInput, ReadConversation
from needlework.handlers.meetings.calendar_messages import IngestCalendar
from needlework.handlers.meetings.messages import (
    AddTranscript,
    IngestMeeting,
    ListMeetings,
    ReadMeeting,
    SummariseMeeting,
    TurnInput,
)
from needlework.handlers.notes.messages import IngestNote, ListNotes, ReadNote
from needlework.handlers.text.bullets import section

pytestmark = pytest.mark.anyio
TALK = """Ada: Welcome. Today we look at the export to PDF, which fails for large invoices at two customers.
Grace: The export runs out of memory above two hundred pages, because every page is kept until the file is written.
Edsger: We could stream the pages. I measured it on Monday, and it needs a tenth of the memory that it needs now.
Ada: How long would it take to build that?
Edsger: About three days, with tests. I will send the design to everybody by Friday.
Grace: Customers wait for it, and one of them asked about it twice in a week. The support team gets a call every day.
Ada: Then we decided: we go with streaming, and the old export stays behind a switch until the end of the month.
Grace: Please tell the support team before we release it, Edsger, so that they know what to say to customers.
Edsger: Fine. What about the invoices that were cut last week, do we write them anew?
Ada: Yes, we need to repair them. Grace, can you make a list of the customers by tomorrow?
Grace: I will. There are about forty of them, most in the north, and three have complained already.
Ada: Good. Next week we look at the numbers again, and decide whether the switch can go earlier than planned.
"""


async def held(desk: Any, clock: Any, **more: Any) -> str:
    """A meeting that began an hour ago and has just ended."""
    now = clock.now()
    times = {"start": rfc3339(now - 3600 * SECOND), "end": rfc3339(now)}
    saved = await desk(IngestMeeting(title="Export review", attendees=["Ada", "Grace", "Edsger"], **times, **more))
    return str(saved["id"])


async def summary(desk: Any, meeting: str) -> dict[str, Any] | None:
    note = (await desk(ReadMeeting(id=meeting)))["summary_note_id"]
    return None if note is None else await desk(ReadNote(id=note))


async def pass_by(desk: Any, clock: Any, minutes: float) -> None:
    """Let time pass in steps of five minutes, everything due done in each."""
    for _ in range(round(minutes / 5)):
        clock.advance(300)
        await desk.drain()


async def test_a_transcript_becomes_a_summary_with_its_parts(desk: Any, clock: Any) -> None:
    meeting = await held(desk, clock)
    saved = await desk(AddTranscript(id=meeting, text=TALK))
    assert saved["turns"] == 12
    await desk.drain()
    assert await summary(desk, meeting) is None  # five minutes are left to the transcript's own end
    await pass_by(desk, clock, 15)
    note = await summary(desk, meeting)
    assert note is not None
    assert (note["kind"], note["meeting_id"], note["provenance"]) == ("meeting_summary", meeting, "model")
    body = note["body_md"]
    for part in ("## Overview", "## Decisions", "## Action items", "## Questions answered", "## Topics"):
        assert part in body, body
    assert "we go with streaming" in body.partition("## Decisions")[2].partition("##")[0]
    actions = body.partition("## Action items")[2].partition("##")[0]
    assert "- [ ] **Edsger:** I will send the design" in actions
    assert ", due 2" in actions
    conversation = await desk(ReadConversation(id=saved["conversation_id"]))
    assert (conversation["channel"], conversation["message_count"]) == ("meeting", 12)


async def test_the_same_transcript_again_writes_no_second_version_another_one_does(desk: Any, clock: Any) -> None:
    meeting = await held(desk, clock)
    for said, version in ((TALK, "v1"), (TALK, "v1"), (TALK.replace("streaming", "queues"), "v2")):
        await desk(AddTranscript(id=meeting, text=said))
        await pass_by(desk, clock, 15)
        note = await summary(desk, meeting)
        assert note is not None
        assert note["version"] == version
    assert len((await desk(ListNotes(kind="meeting_summary")))["items"]) == 1


async def test_without_transcript_the_notes_are_read_after_two_hours(desk: Any, clock: Any) -> None:
    meeting = await held(desk, clock)
    await desk(IngestNote(title="Minutes", body_md=TALK, meeting_id=meeting))
    await pass_by(desk, clock, 110)
    assert await summary(desk, meeting) is None
    await pass_by(desk, clock, 20)
    note = await summary(desk, meeting)
    assert note is not None
    assert "From notes: there is no transcript." in note["body_md"]


async def test_without_anything_there_is_nothing_to_say(desk: Any, clock: Any) -> None:
    meeting = await held(desk, clock)
    await pass_by(desk, clock, 130)
    assert await summary(desk, meeting) is None
    found = await desk.bus.messages(desk.workspace, topic="scheduled_meetings")
    assert [each["state"] for each in found["items"]] == ["done"]
    assert await desk(SummariseMeeting(meeting_id=meeting)) == {"discarded": "no_content"}


async def test_a_short_talk_is_shown_as_it_was_said(desk: Any, clock: Any) -> None:
    meeting = await held(desk, clock)
    turns = [TurnInput(speaker="Ada", text="Ship it on Monday."), TurnInput(speaker="Grace", text="I will.")]
    await desk(AddTranscript(id=meeting, turns=turns))  # type: ignore[arg-type]
    await pass_by(desk, clock, 15)
    note = await summary(desk, meeting)
    assert note is not None
    assert re.search(
        r"## Highlights\n- \*\*Ada:\*\* Ship it on Monday\. \[\(turn 1\)\]\(/ui/conversations#conv_\w+/cmsg_\w+\)\n"
        r"- \*\*Grace:\*\* I will\. \[\(turn 2\)\]\(/ui/conversations#",
        note["body_md"],
    )


async def test_a_cancelled_occurrence_gets_no_summary(desk: Any, clock: Any) -> None:
    meeting = await held(desk, clock, external_id="a")
    await desk(IngestMeeting(external_id="a", status="cancelled"))
    await pass_by(desk, clock, 15)
    assert await desk(SummariseMeeting(meeting_id=meeting)) == {"discarded": "cancelled"}


async def test_an_imported_transcript_finds_the_meeting_of_the_calendar(desk: Any, clock: Any) -> None:
    start = rfc3339(clock.now() + 600 * SECOND)
    stamp = start[:19].replace("-", "").replace(":", "") + "Z"
    event = f"BEGIN:VEVENT\nUID:a\nSUMMARY:Export review\nDTSTART:{stamp}\nDURATION:PT1H\nEND:VEVENT\n"
    await desk(IngestCalendar(name="team", text=f"BEGIN:VCALENDAR\n{event}END:VCALENDAR\n"))
    await desk.drain()
    await pass_by(desk, clock, 70)
    lines = [line.split(": ", 1) for line in TALK.strip().split("\n")]
    said = [
        MessageInput(sender=who, text=text, external_id=str(n), sent_at=start) for n, (who, text) in enumerate(lines)
    ]
    await desk(IngestConversation(channel="meeting", subject="export review", messages=said))
    await pass_by(desk, clock, 20)
    (meeting,) = (await desk(ListMeetings()))["items"]
    assert (await desk(ReadMeeting(id=meeting["id"])))["transcript_state"] == "present"
    assert await summary(desk, meeting["id"]) is not None


async def test_a_transcript_of_no_known_meeting_is_a_meeting_of_its_own(desk: Any, clock: Any) -> None:
    said = [MessageInput(sender="Ada", text="Hello there, this is all.", external_id="1")]
    await desk(IngestConversation(channel="meeting", subject="Ad hoc", messages=said))
    await pass_by(desk, clock, 15)
    (meeting,) = (await desk(ListMeetings(q="Ad hoc")))["items"]
    assert await summary(desk, meeting["id"]) is not None


SMALL_TALK = """Ada: The weather was fine at the lake, and half of the town was there with their boats and their dogs.
Grace: We had rain in the hills from morning to evening, so that nobody wanted to walk as far as we had said.
"""


async def daily(desk: Any, clock: Any, times: int) -> list[str]:
    """Occurrences of a daily meeting, from tomorrow on at one o'clock, the earliest first."""
    day = clock.now() // (86_400 * SECOND) * 86_400 * SECOND
    clock.advance((day + 86_400 * SECOND - clock.now()) / SECOND)
    stamp = rfc3339(clock.now())[:10].replace("-", "")
    rule = f"RRULE:FREQ=DAILY;COUNT={times}"
    event = f"BEGIN:VEVENT\nUID:w\nSUMMARY:Daily\nDTSTART:{stamp}T010000Z\nDURATION:PT1H\n{rule}\nEND:VEVENT\n"
    await desk(IngestCalendar(name="team", text=f"BEGIN:VCALENDAR\n{event}END:VCALENDAR\n"))
    await desk.drain()
    items = (await desk(ListMeetings()))["items"]
    return [each["id"] for each in sorted(items, key=lambda each: str(each["start"]))]


async def carried(desk: Any, clock: Any, meeting: str, text: str) -> list[str]:
    """What a meeting carries on from those before, when this was said in it; then a day has passed."""
    clock.step(2.5 * 3600)
    await desk(AddTranscript(id=meeting, text=text))
    await pass_by(desk, clock, 10)
    found = section((await summary(desk, meeting) or {})["body_md"], "Open from last time")
    clock.step(21 * 3600 + 20 * 60)
    return found


def has(lines: list[str], words: str) -> bool:
    return any(words in line for line in lines)


async def test_an_open_item_ends_when_it_is_done_ticked_off_or_three_meetings_old(desk: Any, clock: Any) -> None:
    """Story: what somebody had promised in January stood in every summary of the year."""
    first, second, third, fourth, fifth = await daily(desk, clock, 5)
    assert await carried(desk, clock, first, TALK) == []
    found = await carried(desk, clock, second, f"{SMALL_TALK}Edsger: The design is sent, everybody has it.\n")
    assert [has(found, each) for each in ("send the design", "list of the customers", "support team")] == [
        False, True, True,
    ]  # fmt: skip
    note = await summary(desk, second)
    assert note is not None
    done = next(line for line in found if "list of the customers" in line)
    await desk(IngestNote(id=note["id"], body_md=note["body_md"].replace(done, done.replace("[ ]", "[x]"))))
    found = await carried(desk, clock, third, SMALL_TALK)
    assert [has(found, each) for each in ("list of the customers", "support team")] == [False, True]
    assert has(await carried(desk, clock, fourth, SMALL_TALK), "support team")
    assert await carried(desk, clock, fifth, SMALL_TALK) == []


async def test_another_workspace_cannot_touch_a_meeting(desk: Any, clock: Any) -> None:
    meeting = await held(desk, clock)
    other = await desk.other("elsewhere")
    assert await other.refusal(AddTranscript(id=meeting, text=TALK)) == (404, "not_found")
    assert await other.refusal(SummariseMeeting(meeting_id=meeting)) == (404, "not_found")


async def test_what_nobody_said_is_refused(desk: Any, clock: Any) -> None:
    meeting = await held(desk, clock)
    assert await desk.refusal(AddTranscript(id=meeting, text="\n\n")) == (422, "no_transcript")


async def test_meetings_are_filtered_by_start_and_status(desk: Any, clock: Any) -> None:
    await held(desk, clock)
    assert len((await desk(ListMeetings(until=rfc3339(clock.now()), status="confirmed")))["items"]) == 1
    assert (await desk(ListMeetings(from_=rfc3339(clock.now()))))["items"] == []
    assert (await desk(ListMeetings(status="cancelled")))["items"] == []
