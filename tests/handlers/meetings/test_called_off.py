"""What becomes of a summary that waits when its occurrence is cancelled, and when it only leaves its calendar."""

from typing import Any

import pytest
from needlework.bus.clock import SECOND, rfc3339
from needlework.handlers.meetings.calendar_messages import DeleteCalendar, IngestCalendar
from needlework.handlers.meetings.messages import AddTranscript, IngestMeeting, ListMeetings, ReadMeeting
from needlework.tests.handlers.meetings.test_summaries import TALK, pass_by

pytestmark = pytest.mark.anyio
DAY = 86_400


def stamp(clock: Any, seconds: float) -> str:
    at = rfc3339(clock.now() + round(seconds * SECOND))
    return f"{at[:19].replace('-', '').replace(':', '')}Z"


def weekly(clock: Any, *starts: float, **more: str) -> str:
    """A calendar with one event of an hour that takes place at these times from now."""
    first, *others = (stamp(clock, each) for each in starts)
    lines = [f"DTSTART:{first}", "DURATION:PT1H", *(f"RDATE:{each}" for each in others)]
    lines += [f"{name}:{value}" for name, value in more.items()]
    return "\n".join(
        ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:a", "SUMMARY:Review", *lines, "END:VEVENT", "END:VCALENDAR"]
    )


async def take(desk: Any, text: str, name: str = "team") -> str:
    saved = await desk(IngestCalendar(name=name, text=text))
    await desk.drain()
    return str(saved["id"])


async def states(desk: Any) -> list[str]:
    found = (await desk(ListMeetings()))["items"]
    return [each["status"] for each in sorted(found, key=lambda each: each["start"])]


async def waiting(desk: Any) -> int:
    """How many summaries wait."""
    return len((await desk.bus.messages(desk.workspace, topic="scheduled_meetings", state="waiting"))["items"])


async def test_what_has_ended_keeps_its_summary_though_its_calendar_drops_it(desk: Any, clock: Any) -> None:
    """A feed that drops what is past cancelled the meeting in the minutes in which its transcript was waited for."""
    await take(desk, weekly(clock, 600, 7 * DAY, 14 * DAY))
    first = min((await desk(ListMeetings()))["items"], key=lambda each: each["start"])
    await pass_by(desk, clock, 75)
    await take(desk, weekly(clock, 7 * DAY - 4500 + 600, 14 * DAY - 4500))
    assert await states(desk) == ["confirmed", "cancelled", "confirmed", "confirmed"]
    await desk(AddTranscript(id=first["id"], text=TALK))
    await pass_by(desk, clock, 15)
    assert (await desk(ReadMeeting(id=first["id"])))["summary_note_id"]


@pytest.mark.parametrize("how", ["excluded", "cancelled", "gone", "calendar deleted"])
async def test_a_cancelled_occurrence_s_summary_waits_no_more(desk: Any, clock: Any, how: str) -> None:
    """It waited until the end of a meeting that nobody held, and was discarded then."""
    source = await take(desk, weekly(clock, DAY))
    assert await waiting(desk) == 1
    if how == "excluded":
        await take(desk, weekly(clock, DAY, 2 * DAY, EXDATE=stamp(clock, DAY)))
    elif how == "cancelled":
        await take(desk, weekly(clock, DAY, STATUS="CANCELLED"))
    elif how == "gone":
        await take(desk, "BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    else:
        await desk(DeleteCalendar(id=source))
        await desk.drain()
    assert (await states(desk))[0] == "cancelled"
    assert await waiting(desk) == (1 if how == "excluded" else 0), "the other day's waits on"
    await take(desk, weekly(clock, DAY))
    assert "confirmed" in await states(desk)
    assert await waiting(desk) == 1, "it takes place after all"


async def test_a_meeting_that_a_person_cancels_is_not_waited_for(desk: Any, clock: Any) -> None:
    times = {"start": rfc3339(clock.now()), "end": rfc3339(clock.now() + 3600 * SECOND)}
    await desk(IngestMeeting(external_id="a", title="Review", **times))
    assert await waiting(desk) == 1
    await desk(IngestMeeting(external_id="a", status="cancelled"))
    await desk.drain()
    assert await waiting(desk) == 0


async def test_an_event_of_two_calendars_takes_place_while_one_of_them_holds_it(desk: Any, clock: Any) -> None:
    """The calendar that had placed it last cancelled it for both."""
    for name in ("ours", "theirs"):
        await take(desk, weekly(clock, DAY), name)
    await take(desk, "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "theirs")
    assert await states(desk) == ["confirmed"]
    assert await waiting(desk) == 1
    await take(desk, "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "ours")
    assert await states(desk) == ["cancelled"]
