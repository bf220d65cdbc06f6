"""Write a note that the service made itself."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Saved
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import NotePublished, RecordNote


@subscribe(RecordNote, runner="content")
async def record(message: RecordNote, ctx: Context) -> Saved:
    """Save it with where it comes from; who reads notes elsewhere is told of each new version."""
    row = await store.find(ctx, message.id, message.external_id)
    if row is None:
        saved = store.create(ctx, message, message.provenance)
    else:
        saved = store.update(ctx, row, message, message.provenance)
    if saved.unchanged is not True and saved.version:
        ctx.publish(NotePublished(note_id=saved.id, version=str(saved.version), kind=message.kind or "manual"))
    return saved
