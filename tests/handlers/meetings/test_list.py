"""Listing meetings: by their start, from either end, each once."""

from typing import Any

import pytest
from needlework.handlers.meetings.messages import IngestMeeting, ListMeetings

pytestmark = pytest.mark.anyio

STARTS = {"second": "2026-02-01T10:00:00Z", "third": "2026-03-01T10:00:00Z", "first": "2026-01-01T10:00:00Z"}


async def listed(desk: Any, **asked: Any) -> list[str]:
    """The titles of all pages, two meetings a page."""
    titles: list[str] = []
    cursor = None
    while True:
        page = await desk(ListMeetings(limit=2, cursor=cursor, **asked))
        titles += [each["title"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return titles


async def test_meetings_are_listed_by_their_start_whenever_they_were_entered(desk: Any) -> None:
    """They came in the order of entry: an import of last year's calendar hid tomorrow's meetings."""
    for title, start in STARTS.items():
        await desk(IngestMeeting(title=title, start=start))
    await desk(IngestMeeting(title="twin", start=STARTS["first"]))
    assert await listed(desk) == ["third", "second", "twin", "first"]
    assert await listed(desk, order="earliest") == ["first", "twin", "second", "third"]
    assert await listed(desk, from_="2026-01-15T00:00:00Z", order="earliest") == ["second", "third"]


async def test_a_meeting_without_a_start_stands_where_it_was_entered(desk: Any) -> None:
    await desk(IngestMeeting(title="long ago", start="1999-01-01T00:00:00Z"))
    await desk(IngestMeeting(title="some day"))
    await desk(IngestMeeting(title="far away", start="2199-01-01T00:00:00Z"))
    assert await listed(desk) == ["far away", "some day", "long ago"]
    assert await listed(desk, until="2198-01-01T00:00:00Z") == ["some day", "long ago"]
