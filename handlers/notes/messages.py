"""The public words of notes."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page, Saved, Search
from needlework.handlers.labels.messages import ContentLabel, version_number
from needlework.handlers.words import check_id

NoteKind = Literal["manual", "chat_summary", "meeting_summary", "service_result"]
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Title = Annotated[str, msgspec.Meta(max_length=1000)]


class NoteInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A note. `id` is your own `note_…`; `external_id` upserts; other content is a new version."""

    id: str | None = None
    external_id: ExternalId | None = None
    kind: NoteKind | None = None
    title: Title | None = None
    body_md: str | None = None
    author: str | None = None
    conversation_id: str | None = None
    meeting_id: str | None = None
    draft: bool | None = None
    """A draft is analysed once it is final: by `draft: false`, or a day after its last change."""

    def __post_init__(self) -> None:
        check_note(self)


def check_note(given: NoteInput) -> None:
    """Raise ValueError for a note that says nothing, or with a wrong id."""
    check_id("note", given.id)
    if given.title is None and given.body_md is None:
        raise ValueError("a note needs title, body_md, or both")


class IngestNote(NoteInput, Message[Saved | list[Saved]], topic="note.ingest", frozen=True, kw_only=True):
    """Take in one note, or several as `items` (over HTTP: a list body); what is to be analysed joins `batch_id`."""

    items: list[NoteInput] | None = None
    batch_id: str | None = None

    def __post_init__(self) -> None:
        check_id("batch", self.batch_id)
        if self.items is None:
            check_note(self)


class RecordNote(NoteInput, Message[Saved], topic="note.record", key=("external_id",), frozen=True, kw_only=True):
    """Write a note that the service made (a summary), with where its text comes from, and tell who reads notes."""

    provenance: Literal["rule", "model", "llm", "hybrid"] = "model"


class UpdateNote(Message[Saved], topic="note.update", key=("id",), kw_only=True):
    """Write a new version of a note; what is left out stays."""

    id: str
    title: Title | None = None
    body_md: str | None = None
    author: str | None = None
    draft: bool | None = None
    version: str | None = None
    """The version that the change was made from: refused (409 `changed_meanwhile`) where it is not the current one."""

    def __post_init__(self) -> None:
        if self.version is not None:
            version_number(self.version)
        if self.title is None and self.body_md is None and self.draft is None:
            raise ValueError("a change needs title, body_md or draft")


class NoteHead(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer says of a note."""

    id: str
    external_id: str | None
    kind: str
    title: str
    version: str
    draft: bool
    analyzed_version: str | None
    analyzed_at: str | None
    conversation_id: str | None
    meeting_id: str | None
    created_at: str
    updated_at: str


class NoteSummary(NoteHead, frozen=True, kw_only=True):
    """A note in a list; `labels` are the names of those that it carries."""

    labels: list[str]


class Note(NoteHead, frozen=True, kw_only=True):
    """One version of a note; `labels` are those of the version analysed last, one entry a span."""

    shown_version: str
    body_md: str
    author: str | None
    provenance: str
    labels: list[ContentLabel]


class ListNotes(Message[Page[NoteSummary]], topic="note.list", kw_only=True):
    """Notes, the most recently changed first; `q` searches titles and texts."""

    q: Search | None = None
    kind: NoteKind | None = None
    label: str | None = None
    conversation_id: str | None = None
    meeting_id: str | None = None
    limit: Limit = 50
    cursor: str | None = None


class NotesAbout(Message[list[str]], topic="note.about"):
    """The notes about a conversation, or about the meeting whose transcript it is, for other groups."""

    conversation_id: str


class ReadNote(Message[Note], topic="note.read", kw_only=True):
    """One note with its text and labels; without `version` the current one."""

    id: str
    version: str | None = None

    def __post_init__(self) -> None:
        if self.version is not None:
            version_number(self.version)


class NoteVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a note in a list."""

    version: str
    title: str
    author: str | None
    provenance: str
    created_at: str


class ListNoteVersions(Message[Page[NoteVersion]], topic="note.versions", kw_only=True):
    """The versions of one note, the newest first."""

    id: str
    limit: Limit = 50
    cursor: str | None = None


class TickNotes(Message[dict[str, Any]], topic="tick.notes"):
    """Queue the analysis of notes that have none of their current version; make old drafts final."""


class NoteText(msgspec.Struct, frozen=True):
    """One version's text, and which version is the current one; `text` is None for an unknown version."""

    id: str
    version: int
    current: int
    text: str | None


class NotePublished(Message[None], topic="note.published", key=("note_id",), kw_only=True):
    """A version of a note is there to be read by others. A fact; Slack's channels are told by subscription."""

    note_id: str
    version: str
    kind: NoteKind

    def __post_init__(self) -> None:
        version_number(self.version)


class ReadNoteText(Message[NoteText], topic="note.text"):
    """The text of a note's version (0: the current one), for other groups."""

    id: str
    version: int = 0
