"""Stands for the runners that write summaries: tells that a note's version is there."""

from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe
from needlework.handlers.notes.messages import NotePublished


class Announce(Message[None], topic="announce.note"):
    """Publish a version of a note."""

    note_id: str
    version: str


@subscribe(Announce, runner="content")
async def announce(message: Announce, ctx: Context) -> None:
    """A fact, with the end of this delivery."""
    ctx.publish(NotePublished(note_id=message.note_id, version=message.version, kind="meeting_summary"))
