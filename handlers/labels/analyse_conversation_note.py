"""Find the labels of a conversation or a note and replace those of an earlier analysis."""

from typing import Any, NamedTuple

from needlework.bus.context import Context
from needlework.bus.errors import Discard
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import ReadTranscript, Transcript
from needlework.handlers.labels import analysis, store
from needlework.handlers.labels.analyser import Segment
from needlework.handlers.labels.messages import AnalyseConversationNote, version_number
from needlework.handlers.labels.store import Content
from needlework.handlers.notes.messages import NoteText, ReadNoteText


class UnknownVersion(Exception):
    """The note has no such version yet: it may come, so the message is tried again before it is dead."""


class Loaded(NamedTuple):
    """A text as it is now, in segments."""

    content: Content
    segments: list[Segment]
    last_message: str | None = None


@subscribe(AnalyseConversationNote, runner="conversation_note_analysis_processor")
async def analyse(message: AnalyseConversationNote, ctx: Context) -> dict[str, Any]:
    """Read the text as it is now, analyse it, and save labels and mark in one commit."""
    loaded = await _note(message, ctx) if message.note_id else await _conversation(message, ctx)
    wanted = message.labels
    known = (await store.definitions(ctx)).values()
    definitions = [each for each in known if each.enabled and (not wanted or each.key in wanted)]
    found, input_hash, cached = await analysis.results(ctx, loaded.segments, definitions, again=message.again)
    content = loaded.content
    values = {"workspace": ctx.workspace.id, "type": content.type, "content": content.id}
    rows = await ctx.db.all(store.sql("current_labels", **values))
    change = store.compare([row for row in rows if not wanted or row["label_key"] in wanted], found)
    store.save(ctx, content, change, input_hash)
    if not wanted:
        store.mark(ctx, content, loaded.last_message)
    store.hand_on(ctx, content, change)
    return {
        "content_type": content.type,
        "content_id": content.id,
        "content_version": f"v{content.version}",
        "labels": sorted(each.label for each in found if each.present),
        "created": len(change.added),
        "superseded": len(change.removed),
        "cached": cached,
    }


async def _conversation(message: AnalyseConversationNote, ctx: Context) -> Loaded:
    transcript: Transcript = await ctx.query(ReadTranscript(id=message.conversation_fs_id or ""))
    segments = [Segment(line.id, line.text, line.sender) for line in transcript.lines]
    if transcript.channel == "github" and transcript.subject:
        segments.insert(0, Segment(None, transcript.subject))  # an issue's title says half of it
    last = transcript.lines[-1].id if transcript.lines else None
    return Loaded(Content("conversation", transcript.id, transcript.revision), segments, last)


async def _note(message: AnalyseConversationNote, ctx: Context) -> Loaded:
    """The note's text. Raises Discard for a version that is not the current one any more."""
    if message.conversation_fs_id is not None:
        await ctx.query(ReadTranscript(id=message.conversation_fs_id))  # refuses one that does not exist
    number = version_number(message.note_version) if message.note_version else 0
    note: NoteText = await ctx.query(ReadNoteText(id=message.note_id or "", version=number))
    if note.version < note.current:
        raise Discard("superseded")
    if note.text is None:
        raise UnknownVersion(f"note {note.id} has no version v{note.version}; its current one is v{note.current}")
    return Loaded(Content("note", note.id, note.version), [Segment(None, note.text)])
