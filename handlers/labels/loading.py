"""The text of a conversation or a note as the analysis reads it."""

from typing import NamedTuple

from needlework.bus.context import Context
from needlework.bus.errors import Discard
from needlework.handlers.conversations.messages import ReadTranscript, Transcript
from needlework.handlers.labels.analyser import Segment
from needlework.handlers.labels.messages import ContentType
from needlework.handlers.labels.store import Content
from needlework.handlers.notes.messages import NoteText, ReadNoteText


class UnknownVersion(Exception):
    """The note has no such version yet: it may come, so the message is tried again before it is dead."""


class Loaded(NamedTuple):
    """A text as it is now, in segments."""

    content: Content
    segments: list[Segment]
    last_message: str | None = None


async def load(ctx: Context, type_: ContentType, id_: str) -> Loaded:
    """A conversation, or a note in its current version. Raises Refuse 404."""
    return await conversation(ctx, id_) if type_ == "conversation" else await note(ctx, id_, 0)


async def conversation(ctx: Context, id_: str) -> Loaded:
    """All messages of a conversation. Raises Refuse 404."""
    transcript: Transcript = await ctx.query(ReadTranscript(id=id_))
    segments = [Segment(line.id, line.text, line.sender) for line in transcript.lines]
    if transcript.channel == "github" and transcript.subject:
        segments.insert(0, Segment(None, transcript.subject))  # an issue's title says half of it
    last = transcript.lines[-1].id if transcript.lines else None
    return Loaded(Content("conversation", transcript.id, transcript.revision), segments, last)


async def note(ctx: Context, id_: str, number: int) -> Loaded:
    """A note's version (0: the current one).

    Raises Refuse 404, Discard for a version that is not the current one any more, UnknownVersion.
    """
    found: NoteText = await ctx.query(ReadNoteText(id=id_, version=number))
    if found.version < found.current:
        raise Discard("superseded")
    if found.text is None:
        raise UnknownVersion(f"note {found.id} has no version v{found.version}; its current one is v{found.current}")
    return Loaded(Content("note", found.id, found.version), [Segment(None, found.text)])
