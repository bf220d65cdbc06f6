"""What the occurrences before left open: each item until it is done, ticked off, or three meetings old."""

import re
from collections.abc import Iterator

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.handlers.meetings import store
from needlework.handlers.notes.messages import NoteText, ReadNoteText
from needlework.handlers.text.bullets import section
from needlework.handlers.text.cites import CITE

OWN, CARRIED = "Action items", "Open from last time"
MEETINGS = 3
"""Meetings that speak of an item after the one in which it came up; then it is let go."""
_OPEN = re.compile(r"- \[ \] ")


async def open_items(ctx: Context, row: store.Row) -> list[str]:
    """The lines that the summary before still holds as open (`- [ ] …`), of an item's first `MEETINGS` meetings."""
    if row["uid"] is None or row["starts_at"] is None:
        return []
    values = {"uid": row["uid"], "start": row["starts_at"], "limit": MEETINGS}
    notes = [
        await _text(ctx, before["summary_note_id"])
        for before in await ctx.db.all(store.sql("meetings_before", workspace=ctx.workspace.id, **values))
    ]
    if not notes:
        return []
    young = {_place(line) for note in notes for line in _lines(note, OWN)}
    last = [*_lines(notes[0], CARRIED), *_lines(notes[0], OWN)]
    return [line for line in last if _place(line) in young]


async def _text(ctx: Context, note: str) -> str:
    try:
        read: NoteText = await ctx.query(ReadNoteText(id=note))
    except Refuse:
        return ""  # the note was not written yet, or is gone
    return read.text or ""


def _lines(note: str, title: str) -> Iterator[str]:
    """The open items under a title; one that a person has ticked off (`- [x] …`) is none."""
    return (line for line in section(note, title) if _OPEN.match(line))


def _place(line: str) -> str:
    """What a line is known by when a person has changed its words: where it was said."""
    cited = CITE.search(line)
    return cited[0].strip() if cited else line
