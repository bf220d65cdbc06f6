"""The words of calendars: where events come from, and what is to be placed."""

from typing import Annotated

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page
from needlework.handlers.formats import ics
from needlework.handlers.net.fetch import check_url

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class CalendarInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A calendar: its events as iCalendar `text`, or the address from which to fetch them. `name` upserts."""

    name: Name | None = None
    url: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        check_calendar(self)


def check_calendar(given: CalendarInput) -> None:
    """Raise ValueError for a calendar without a name, or without exactly one place to come from."""
    if not given.name:
        raise ValueError("a calendar needs a name")
    if (given.url is None) == (given.text is None):
        raise ValueError("a calendar needs `url` (where it is fetched) or `text` (what it says)")
    if given.url is not None:
        check_url(given.url)
    if given.text is not None:
        ics.check(given.text)


class SavedCalendar(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a calendar: how many events it holds, and how many are new or changed, or gone."""

    id: str
    created: bool
    events: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: bool = False


class IngestCalendar(
    CalendarInput, Message[SavedCalendar | list[SavedCalendar]],
    topic="calendar_sources.ingest", frozen=True, kw_only=True,
):  # fmt: skip
    """Take in one calendar, or several as `items` (over HTTP: a list body)."""

    items: list[CalendarInput] | None = None

    def __post_init__(self) -> None:
        if self.items is None:
            check_calendar(self)


class CalendarSource(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar as stored; `problems` counts its events that could not be read."""

    id: str
    name: str
    url: str | None
    status: str
    error: str | None
    events: int
    problems: int
    synced_at: str | None
    next_sync_at: str | None
    created_at: str
    updated_at: str


class ListCalendars(Message[Page[CalendarSource]], topic="calendar_sources.list", kw_only=True):
    """Calendars, the newest first."""

    limit: Limit = 50
    cursor: str | None = None


class Removed(msgspec.Struct, frozen=True):
    """What was removed, and how many events went with it."""

    id: str
    removed: int


class DeleteCalendar(Message[Removed], topic="calendar_sources.delete", key=("id",)):
    """Read a calendar no more; its meetings that have not ended are cancelled, those of the past stay."""

    id: str


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """How fetching a calendar went."""

    id: str
    status: str
    error: str | None = None
    events: int = 0
    changed: int = 0
    removed: int = 0


class SyncCalendar(Message[Synced], topic="calendar_sources.sync", key=("id",)):
    """Fetch a calendar from its address now."""

    id: str


class DueCalendars(Message[list[str]], topic="calendar_sources.due"):
    """The ids of the calendars that are to be fetched now, for the workspace's tick."""


class TickCalendars(Message[None], topic="calendar_sources.tick"):
    """Fetch calendars that are due, and place the occurrences that have come within the next 30 days."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What one event came to: its meetings within the window."""

    occurrences: int
    created: int = 0
    updated: int = 0
    cancelled: int = 0
    error: str | None = None


class CalendarEvents(Message[Placed], topic="calendar_events", key=("connection_id", "event_uid")):
    """An event of a calendar is new, has changed, or is gone: its occurrences become meetings."""

    connection_id: str
    event_uid: str
