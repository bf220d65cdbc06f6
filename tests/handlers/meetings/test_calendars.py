"""Calendars: recurrences, exceptions, time zones and summer time become meetings, one an occurrence."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from needlework.bus.clock import SECOND, rfc3339
from needlework.handlers.meetings.calendar_messages import (
    CalendarEvents,
    DeleteCalendar,
    IngestCalendar,
    ListCalendars,
    SyncCalendar,
    TickCalendars,
)
from needlework.handlers.meetings.messages import IngestMeeting, ListMeetings
from needlework.handlers.net.addresses import open_hosts
from needlework.tests.handlers.net.peers import Serve, serving

pytestmark = pytest.mark.anyio
BERLIN = """BEGIN:VTIMEZONE
TZID:Our Office
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events: str, head: str = "") -> str:
    """A calendar file of these events."""
    blocks = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{blocks}END:VCALENDAR\n"


WEEKLY = """
UID:weekly@example.org
SUMMARY:Team weekly
DTSTART;TZID=Our Office:20260302T100000
DTEND;TZID=Our Office:20260302T103000
RRULE:FREQ=WEEKLY;COUNT=6
EXDATE;TZID=Our Office:20260316T100000
ATTENDEE;CN=Ada:mailto:Ada@Example.org
"""
MOVED = """
UID:weekly@example.org
RECURRENCE-ID;TZID=Our Office:20260323T100000
SUMMARY:Team weekly (moved)
DTSTART;TZID=Our Office:20260324T150000
DTEND;TZID=Our Office:20260324T153000
"""


@pytest.fixture
def march(clock: Any) -> None:
    """The service's time is 2026-03-09 00:00 UTC, three weeks before summer time."""
    clock.advance((1_773_014_400 * SECOND - clock.now()) / SECOND)


async def take(desk: Any, text: str, name: str = "team") -> Any:
    saved = await desk(IngestCalendar(name=name, text=text))
    await desk.drain()
    return saved


async def meetings(desk: Any) -> list[tuple[str, str, str]]:
    found = (await desk(ListMeetings(limit=500)))["items"]
    return sorted((each["start"], each["title"], each["status"]) for each in found)


@pytest.mark.usefixtures("march")
async def test_each_occurrence_is_a_meeting_at_its_local_time_through_summer_time(desk: Any) -> None:
    saved = await take(desk, calendar(WEEKLY, MOVED, head=BERLIN))
    assert (saved["created"], saved["events"], saved["changed"]) == (True, 1, 1)
    assert await meetings(desk) == [
        ("2026-03-02T09:00:00Z", "Team weekly", "confirmed"),
        ("2026-03-09T09:00:00Z", "Team weekly", "confirmed"),
        ("2026-03-24T14:00:00Z", "Team weekly (moved)", "confirmed"),
        ("2026-03-30T08:00:00Z", "Team weekly", "confirmed"),  # the clock went forward; ten o'clock stayed ten
        ("2026-04-06T08:00:00Z", "Team weekly", "confirmed"),
    ]
    (first, *_) = (await desk(ListMeetings(q="Ada@Example")))["items"]
    assert first["attendees"] == [{"name": "Ada", "email": "ada@example.org"}]
    assert first["tz"] == "Our Office"


@pytest.mark.usefixtures("march")
async def test_the_same_file_again_changes_nothing_whatever_its_stamp(desk: Any) -> None:
    await take(desk, calendar(WEEKLY + "DTSTAMP:20260101T000000Z\n", head=BERLIN))
    again = await take(desk, calendar(WEEKLY + "DTSTAMP:20260202T000000Z\n", head=BERLIN))
    assert (again["changed"], again["unchanged"], again["created"]) == (0, True, False)


@pytest.mark.usefixtures("march")
async def test_an_exception_moves_its_meeting_and_makes_no_second_one(desk: Any) -> None:
    await take(desk, calendar(WEEKLY, head=BERLIN))
    before = (await desk(ListMeetings()))["items"]
    await take(desk, calendar(WEEKLY, MOVED, head=BERLIN))
    after = (await desk(ListMeetings()))["items"]
    assert {each["id"] for each in before} == {each["id"] for each in after}
    assert [each["start"] for each in after if "moved" in each["title"]] == ["2026-03-24T14:00:00Z"]


@pytest.mark.usefixtures("march")
async def test_what_is_excluded_later_is_cancelled_and_what_moves_far_away_is_not(desk: Any) -> None:
    await take(desk, calendar(WEEKLY, head=BERLIN))
    far = MOVED.replace("20260324T15", "20260901T15")
    await take(desk, calendar(WEEKLY + "EXDATE;TZID=Our Office:20260330T100000\n", far, head=BERLIN))
    found = await meetings(desk)
    assert ("2026-03-30T08:00:00Z", "Team weekly", "cancelled") in found
    assert ("2026-09-01T13:00:00Z", "Team weekly (moved)", "confirmed") in found


@pytest.mark.usefixtures("march")
async def test_an_event_that_leaves_its_calendar_is_cancelled_where_it_has_not_ended(desk: Any) -> None:
    await take(desk, calendar(WEEKLY, head=BERLIN))
    await take(desk, calendar())
    states = [state for _, _, state in await meetings(desk)]
    assert states == ["confirmed", *["cancelled"] * 4]
    await take(desk, calendar(WEEKLY, head=BERLIN))
    assert [state for _, _, state in await meetings(desk)] == ["confirmed"] * 5


@pytest.mark.usefixtures("march")
async def test_status_cancelled_rdate_and_whole_days(desk: Any) -> None:
    called_off = "UID:a\nSUMMARY:Off\nSTATUS:CANCELLED\nDTSTART:20260310T100000Z\nDURATION:PT1H"
    added = "UID:b\nSUMMARY:Twice\nDTSTART:20260310T120000Z\nDURATION:PT1H\nRDATE:20260312T120000Z"
    day = "UID:c\nSUMMARY:Holiday\nDTSTART;VALUE=DATE:20260311\nDTEND;VALUE=DATE:20260312"
    await take(desk, calendar(called_off, added, day))
    assert await meetings(desk) == [
        ("2026-03-10T10:00:00Z", "Off", "cancelled"),
        ("2026-03-10T12:00:00Z", "Twice", "confirmed"),
        ("2026-03-11T00:00:00Z", "Holiday", "confirmed"),
        ("2026-03-12T12:00:00Z", "Twice", "confirmed"),
    ]


@pytest.mark.usefixtures("march")
async def test_times_without_a_zone_are_those_of_the_workspace(desk: Any) -> None:
    await desk.bus.workspaces.set_config(desk.workspace, {"timezone": "America/New_York"}, "test")
    await take(desk, calendar("UID:a\nSUMMARY:Floating\nDTSTART:20260310T100000\nDURATION:PT1H"))
    assert await meetings(desk) == [("2026-03-10T14:00:00Z", "Floating", "confirmed")]


@pytest.mark.usefixtures("march")
async def test_a_broken_event_spoils_no_other(desk: Any) -> None:
    good = "UID:a\nSUMMARY:Good\nDTSTART:20260310T100000Z\nDURATION:PT1H"
    often = "UID:b\nSUMMARY:Bomb\nDTSTART:20260310T100000Z\nRRULE:FREQ=SECONDLY"
    await take(desk, calendar(good, often, "UID:c\nSUMMARY:No time", "UID:d\nDTSTART:yesterday"))
    assert [title for _, title, _ in await meetings(desk)] == ["Good"]
    (source,) = (await desk(ListCalendars()))["items"]
    assert (source["events"], source["problems"], source["status"]) == (4, 3, "active")


@pytest.mark.usefixtures("march")
async def test_what_comes_within_thirty_days_is_placed_by_the_tick(desk: Any, clock: Any) -> None:
    await take(desk, calendar("UID:a\nSUMMARY:Daily\nDTSTART:20260309T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"))
    assert len(await meetings(desk)) == 30
    clock.advance(86_400 * 3)
    await desk.publish(TickCalendars())
    await desk.drain()
    assert len(await meetings(desk)) == 33


@pytest.mark.usefixtures("march")
async def test_a_meeting_keeps_what_people_added_to_it(desk: Any) -> None:
    text = "UID:a\nSUMMARY:Plan\nDTSTART:20260310T100000Z\nDURATION:PT1H"
    await take(desk, calendar(text))
    await desk(IngestMeeting(external_id="a", facts={"room": "4"}, conversation_id="conv_1"))
    await take(desk, calendar(text.replace("Plan", "New plan") + "\nLOCATION:Attic"))
    (meeting,) = (await desk(ListMeetings()))["items"]
    assert (meeting["title"], meeting["conversation_id"]) == ("New plan", "conv_1")
    assert meeting["facts"] == {"room": "4", "location": "Attic"}


@pytest.mark.usefixtures("march")
async def test_a_calendar_that_is_deleted_takes_its_future_with_it(desk: Any) -> None:
    saved = await take(desk, calendar(WEEKLY, head=BERLIN))
    assert (await desk(DeleteCalendar(id=saved["id"])))["removed"] == 1
    await desk.drain()
    assert [state for _, _, state in await meetings(desk)] == ["confirmed", *["cancelled"] * 4]
    assert (await desk(ListCalendars()))["items"] == []


@pytest.mark.usefixtures("march")
async def test_another_workspace_sees_and_touches_nothing(desk: Any) -> None:
    saved = await take(desk, calendar(WEEKLY, head=BERLIN))
    other = await desk.other("elsewhere")
    assert (await other(ListCalendars()))["items"] == []
    assert await other.refusal(DeleteCalendar(id=saved["id"])) == (404, "not_found")
    assert await other.refusal(SyncCalendar(id=saved["id"])) == (404, "not_found")
    event = CalendarEvents(connection_id=saved["id"], event_uid="weekly@example.org")
    assert await other.refusal(event) == (404, "not_found")
    assert await meetings(other) == []


@pytest.fixture
def opened() -> Iterator[None]:
    open_hosts(("127.0.0.1",))
    yield
    open_hosts(())


def calendar_of(heard: list[str]) -> Serve:
    """Answers with a calendar, and knows what it was asked before."""

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        heard.append(request.decode().lower())
        body = calendar(WEEKLY, head=BERLIN).encode()
        known = "if-none-match: one" in heard[-1]
        head = b"304 Not Modified" if known else b"200 OK\r\nETag: one\r\nContent-Length: %d" % len(body)
        writer.write(b"HTTP/1.1 " + head + b"\r\nConnection: close\r\n\r\n" + (b"" if known else body))
        await writer.drain()

    return answer


@pytest.mark.usefixtures("march", "opened")
async def test_an_address_is_fetched_and_asked_only_for_changes(desk: Any, clock: Any) -> None:
    heard: list[str] = []
    async with serving(calendar_of(heard)) as url:
        saved = await desk(IngestCalendar(name="team", url=url))
        await desk.drain()
        assert len(await meetings(desk)) == 5
        clock.advance(3601)  # the schedule of the tick comes by
        await desk(SyncCalendar(id=saved["id"]))
        await desk.drain()
        asked = ["if-none-match" in each for each in heard]
        assert asked == [False, *[True] * (len(heard) - 1)]
        assert len(heard) > 1
    failing = await desk(SyncCalendar(id=saved["id"]))
    assert failing["status"] == "failing"
    assert len([state for _, _, state in await meetings(desk) if state == "confirmed"]) == 5


@pytest.mark.usefixtures("march", "opened")
async def test_an_answer_that_was_cut_takes_no_meeting_away(desk: Any) -> None:
    """Without a length a cut answer looks whole: the meetings behind the cut were cancelled."""
    whole = calendar(WEEKLY, WEEKLY.replace("weekly@", "second@"), head=BERLIN).encode()
    told = [whole, whole[: whole.index(b"second@")]]

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + told.pop(0))
        await writer.drain()

    async with serving(answer) as url:
        saved = await desk(IngestCalendar(name="team", url=url))
        await desk.drain()
        before = await meetings(desk)
        synced = await desk(SyncCalendar(id=saved["id"]))
        await desk.drain()
    assert (synced["status"], "cut off" in synced["error"]) == ("failing", True)
    assert await meetings(desk) == before
    assert len(before) == 10


@pytest.mark.usefixtures("march", "opened")
async def test_a_tag_that_is_no_ascii_is_not_sent_back_and_stops_nothing(desk: Any) -> None:
    """The next request could not be written, and the calendar was never fetched again."""

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        assert b"if-none-match" not in request.lower()
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "\xc3\xbc"\r\nConnection: close\r\n\r\n' + calendar(WEEKLY).encode())
        await writer.drain()

    async with serving(answer) as url:
        saved = await desk(IngestCalendar(name="team", url=url))
        await desk.drain()
        assert (await desk(SyncCalendar(id=saved["id"])))["status"] == "active"


async def test_an_address_in_this_network_is_not_fetched(desk: Any) -> None:
    await desk(IngestCalendar(name="inner", url="http://127.0.0.1:1/x.ics"))
    await desk.drain()
    (source,) = (await desk(ListCalendars()))["items"]
    assert (source["status"], "not one that may be" in source["error"]) == ("failing", True)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"text": "hello"},
        {"url": "file:///x"},
        {"url": "http://a/", "text": "BEGIN:VCALENDAR\nEND:VCALENDAR\n"},
        {"text": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\n"},
    ],
)
def test_a_calendar_comes_from_exactly_one_place(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"calendar|address"):
        IngestCalendar(name="x", **given)


def test_times_are_shown_as_they_are_stored() -> None:
    assert rfc3339(1_773_014_400 * SECOND) == "2026-03-09T00:00:00Z"
