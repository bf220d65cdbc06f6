"""A note was published: a delivery for each channel that wants its kind."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels.messages import version_number
from needlework.handlers.notes.messages import Note, NotePublished, ReadNote
from needlework.handlers.slack import store
from needlework.handlers.slack.blocks import payload


@subscribe(NotePublished, runner="slack_message_delivery")
async def deliver_note(message: NotePublished, ctx: Context) -> None:
    """The same version once a channel, whenever and however often this is told."""
    rows = await ctx.db.all(store.sql("channels", workspace=ctx.workspace.id))
    wanting = [row["channel_id"] for row in rows if message.kind in msgspec.json.decode(row["notes"])]
    if wanting:
        note: Note = await ctx.query(ReadNote(id=message.note_id, version=message.version))
        text = payload(note.title, note.body_md, f"{note.id} {message.version}")
        await store.deliver_to(ctx, wanting, "note", note.id, version_number(message.version), text)
