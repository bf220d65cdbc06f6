"""Write a new version of a note."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Saved
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import NoteInput, UpdateNote


@subscribe(UpdateNote, runner="content")
async def update(message: UpdateNote, ctx: Context) -> Saved:
    """Keep the old version, add the new one; the same content adds none."""
    row = await store.existing(ctx, message.id)
    title = row["title"] if message.title is None else message.title
    given = NoteInput(title=title, body_md=message.body_md, author=message.author, draft=message.draft)
    return store.update(ctx, row, given)
