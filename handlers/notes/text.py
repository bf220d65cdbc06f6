"""The text of a note's version, for the groups that read it."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import NoteText, ReadNoteText


@subscribe(ReadNoteText, runner="content")
async def text(message: ReadNoteText, ctx: Context) -> NoteText:
    """The text as stored: evidence spans count its characters."""
    row = await store.existing(ctx, message.id)
    number = message.version or row["current_version"]
    values = {"workspace": ctx.workspace.id, "id": message.id, "version": number}
    version = await ctx.db.one(store.sql("find_version", **values))
    return NoteText(message.id, number, row["current_version"], None if version is None else version["body_md"])
