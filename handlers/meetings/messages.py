"""The public words of meetings."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page, Saved, Search
from needlework.handlers.conversations.messages import ExternalId
from needlework.handlers.meetings.calendar_messages import DueCalendars as DueCalendars
from needlework.handlers.meetings.calendar_messages import SyncCalendar as SyncCalendar
from needlework.handlers.people import Person
from needlework.handlers.times import Time, check_times, read_time
from needlework.handlers.words import check_id

Title = Annotated[str, msgspec.Meta(max_length=1000)]


class MeetingInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A meeting. `id` is your own `meet_…`; `external_id` (for a calendar's: uid and occurrence) upserts."""

    id: str | None = None
    external_id: ExternalId | None = None
    title: Title | None = None
    start: Time = None
    end: Time = None
    tz: str | None = None
    status: str | None = None
    attendees: list[Person | str] | None = None
    conversation_id: str | None = None
    facts: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        check_meeting(self)


def check_meeting(given: MeetingInput) -> None:
    """Raise ValueError for a meeting that cannot be told from others, or with a wrong id or time."""
    check_id("meet", given.id)
    check_times(start=given.start, end=given.end)
    if not (given.id or given.external_id or given.title):
        raise ValueError("a meeting needs at least one of title, external_id, id")
    if given.start is not None and given.end is not None and read_time(given.start) > read_time(given.end):
        raise ValueError("start must not be after end")


class IngestMeeting(MeetingInput, Message[Saved | list[Saved]], topic="meeting.ingest", frozen=True, kw_only=True):
    """Take in one meeting, or several as `items` (over HTTP: a list body)."""

    items: list[MeetingInput] | None = None

    def __post_init__(self) -> None:
        if self.items is None:
            check_meeting(self)


StartFrom = Literal["stated", "file", "day", "now", "none"]
"""How far a start is known: stated; assumed from a file's time, within a stated day, when it came in; not at all."""


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting, as stored. `start_from` says where it was assumed when it began, for a transcript without a date."""

    id: str
    external_id: str | None
    title: str
    start: str | None
    start_from: StartFrom
    end: str | None
    tz: str
    status: str
    attendees: list[Person]
    conversation_id: str | None
    facts: dict[str, Any]
    created_at: str
    updated_at: str


class MeetingDetails(Meeting, frozen=True, kw_only=True):
    """One meeting, with what was said and what came of it; `uid` and `recurrence_id` are its calendar's."""

    calendar_id: str | None
    uid: str | None
    recurrence_id: str | None
    transcript_state: str
    summary_note_id: str | None


class ReadMeeting(Message[MeetingDetails], topic="meeting.read"):
    """One meeting."""

    id: str


class TurnInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody said at once; `seconds` counts from the start of the meeting."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000_000)]
    speaker: Annotated[str, msgspec.Meta(max_length=300)] = ""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] | None = None


class TranscriptSaved(msgspec.Struct, frozen=True):
    """The conversation in which a transcript stands, its turns, and whether it is known when the meeting began."""

    meeting_id: str
    conversation_id: str
    turns: int
    start_from: StartFrom


class AddTranscript(Message[TranscriptSaved], topic="meeting.transcript", key=("id",), kw_only=True):
    """What was said at a meeting: `text` (WebVTT, SRT, or lines `Name: text`), or `turns`. Again: it replaces."""

    id: str
    text: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    turns: Annotated[list[TurnInput], msgspec.Meta(min_length=1)] | None = None

    def __post_init__(self) -> None:
        if (self.text is None) == (self.turns is None):
            raise ValueError("needs `text` or `turns`")


class TurnFound(msgspec.Struct, frozen=True, kw_only=True):
    """A turn, numbered as in the summary, and its sentence that is nearest to the question.

    `text[start:end]` of the message is the quote; `score` is the share of 1 that the turn has among all.
    """

    turn: int
    message_id: str
    speaker: str
    start: int
    end: int
    quote: str
    score: float


class MeetingAnswers(msgspec.Struct, frozen=True):
    """The turns that answer best, the best first."""

    meeting_id: str
    conversation_id: str
    turns: list[TurnFound]


class AskMeeting(Message[MeetingAnswers], topic="meeting.evidence", kw_only=True):
    """Which turns of a meeting's transcript answer the question `q`; a `limit` of five is the usual one."""

    id: str
    q: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5

    def __post_init__(self) -> None:
        if not self.q.strip():
            raise ValueError("q must hold a question")


class AttachTranscript(Message[dict[str, str]], topic="meeting.attach", key=("conversation_id",)):
    """A conversation of channel meeting has new turns: it is the transcript of the meeting that took place then.

    `undated`: nothing that was sent in says when, so that its times are those of its arrival.
    """

    conversation_id: str
    undated: bool = False


class SummariseMeeting(Message[dict[str, str]], topic="scheduled_meetings", key=("meeting_id",)):
    """A meeting has ended: write its summary, from the transcript where there is one, else from its notes."""

    meeting_id: str


class ListMeetings(Message[Page[Meeting]], topic="meeting.list", kw_only=True):
    """Meetings by their start, the latest first; `from`, `until` mean the start.

    `q` searches titles, attendees, what was said there, and the notes of it, its summary among them. `account_id` means
    those whose transcript belongs to an account, or where somebody with an address in one of its domains takes part.
    """

    q: Search | None = None
    account_id: str | None = None
    status: str | None = None
    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    order: Literal["latest", "earliest"] = "latest"
    limit: Limit = 50
    cursor: str | None = None
