"""Write the summary of a meeting that has ended."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import anyio.to_thread
import msgspec
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import Discard, Retry
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page
from needlework.handlers.labels.messages import LabelAnalysis, PreviewLabels
from needlework.handlers.meetings import store, summaries
from needlework.handlers.meetings.messages import SummariseMeeting
from needlework.handlers.meetings.minutes import Heading, Record, minutes
from needlework.handlers.meetings.open_items import open_items
from needlework.handlers.meetings.spoken import spoken
from needlework.handlers.notes.messages import ListNotes, NoteSummary, NoteText, ReadNoteText, RecordNote
from needlework.handlers.people import Person
from needlework.handlers.text.bullets import LABELS, joined, pieces, place
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.summarise import Turn
from needlework.handlers.text.talk import Point
from needlework.handlers.zones import workspace_zone

AGAIN = 600.0
"""Seconds until a transcript is looked for again."""
SOON, SOON_ATTEMPTS = 5.0, 10
"""The same where a transcript was sent in and its conversation is being written."""
STARTS = {
    "file": "The transcript names no date: its start is assumed from the time of its file.",
    "now": "The transcript names no date: its start is assumed to be when it came in.",
    "day": "The transcript names its day, not its time of day.",
    "none": "The meeting states no start.",
}
"""What is said of a start that nobody stated."""


@subscribe(SummariseMeeting, runner="scheduled_meetings")
async def summarise_meeting(message: SummariseMeeting, ctx: Context) -> dict[str, str]:
    """From the transcript; without one, after two hours, from the meeting's notes; else there is nothing to say."""
    row = await store.existing(ctx, message.meeting_id)
    if row["status"] == "cancelled":
        raise Discard("cancelled")
    ended = row["ends_at"] or row["starts_at"] or row["created_at"]
    if ctx.now < ended + summaries.SETTLE:
        raise Retry("the meeting goes on", after=(ended + summaries.SETTLE - ctx.now) / SECOND)
    lines = await spoken(ctx, row)
    if not lines and ctx.now < ended + summaries.PATIENCE:
        coming = row["conversation_id"] is not None and ctx.attempt <= SOON_ATTEMPTS
        raise Retry("no transcript yet", after=SOON if coming else AGAIN)
    record = Record(
        [Turn(line.sender, line.text) for line in lines], row["conversation_id"], [line.id for line in lines]
    )
    if not lines:
        record = Record(await _noted(ctx, message.meeting_id))
    if not record.turns:
        raise Discard("no_content")
    points = await _points(ctx, record.turns)
    head = _heading(ctx, row, await open_items(ctx, row), from_notes=not lines)
    body = await anyio.to_thread.run_sync(partial(minutes, record, points, head, shared_encoder()))
    note = summaries.note_of(message.meeting_id)
    ctx.publish(
        RecordNote(
            id=note,
            external_id=f"meeting_summary:{message.meeting_id}",
            kind="meeting_summary",
            title=f"Summary: {row['title']}"[:1000],
            body_md=body,
            meeting_id=message.meeting_id,
        )
    )
    ctx.write(store.sql("set_summary", 1, workspace=ctx.workspace.id, id=message.meeting_id, note=note))
    return {"meeting_id": message.meeting_id, "note_id": note, "from": "transcript" if lines else "notes"}


async def _noted(ctx: Context, meeting: str) -> list[Turn]:
    """What people wrote about the meeting."""
    page: Page[NoteSummary] = await ctx.query(ListNotes(meeting_id=meeting, limit=50))
    turns = []
    for each in sorted(page.items, key=lambda note: note.created_at):
        if each.kind != "meeting_summary":
            note: NoteText = await ctx.query(ReadNoteText(id=each.id))
            turns += [Turn("", line.strip("-* \t")) for line in (note.text or "").split("\n") if line.strip("-*# \t")]
    return turns


async def _points(ctx: Context, turns: Sequence[Turn]) -> list[Point]:
    """The labelled sentences: what the workspace's own labels, as they were taught, find in the turns."""
    points = []
    for first, some in pieces(turns):
        analysis: LabelAnalysis = await ctx.query(PreviewLabels(text=joined(some), labels=LABELS))
        points += place(some, analysis.spans(), first)
    return points


def _heading(ctx: Context, row: store.Row, items: list[str], *, from_notes: bool) -> Heading:
    people = [each.name or each.email for each in msgspec.json.decode(row["attendees"], type=list[Person])]
    when = datetime.fromtimestamp((row["starts_at"] or row["created_at"]) // SECOND, UTC)
    remarks = ["From notes: there is no transcript."] if from_notes else []
    remarks += [said] if (said := STARTS.get(store.start_from(row))) else []
    return Heading(when, ZoneInfo(workspace_zone(ctx)), people, items, " ".join(remarks), row["title"])
