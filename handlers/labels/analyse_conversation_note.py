"""Find the labels of a conversation or a note and replace those of an earlier analysis."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import ReadTranscript
from needlework.handlers.labels import loading, store
from needlework.handlers.labels.labelling import label
from needlework.handlers.labels.messages import AnalyseConversationNote, version_number


@subscribe(AnalyseConversationNote, runner="conversation_note_analysis_processor")
async def analyse(message: AnalyseConversationNote, ctx: Context) -> dict[str, Any]:
    """Read the text as it is now, analyse it, and save labels and mark in one commit."""
    loaded = await _load(message, ctx)
    wanted = message.labels
    known = (await store.definitions(ctx)).values()
    definitions = [each for each in known if each.enabled and (not wanted or each.key in wanted)]
    labelled = await label(ctx, loaded, definitions, whole=not wanted, again=message.again)
    return {
        "content_type": loaded.content.type,
        "content_id": loaded.content.id,
        "content_version": f"v{loaded.content.version}",
        "labels": sorted(each.label for each in labelled.found if each.present),
        "created": len(labelled.change.added),
        "superseded": len(labelled.change.removed),
        "cached": labelled.cached,
    }


async def _load(message: AnalyseConversationNote, ctx: Context) -> loading.Loaded:
    """The conversation, the note, or the note in the context of its conversation."""
    if message.note_id is None:
        return await loading.conversation(ctx, message.conversation_fs_id or "")
    if message.conversation_fs_id is not None:
        await ctx.query(ReadTranscript(id=message.conversation_fs_id))  # refuses one that does not exist
    number = version_number(message.note_version) if message.note_version else 0
    return await loading.note(ctx, message.note_id, number)
