"""Write a new version of a note."""

from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Saved
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import NoteInput, UpdateNote


@subscribe(UpdateNote, runner="content")
async def update(message: UpdateNote, ctx: Context) -> Saved:
    """Keep the old version, add the new one; the same content adds none."""
    row = await store.existing(ctx, message.id)
    current = f"v{row['current_version']}"
    if message.version not in (None, current):
        wrong = FieldError("version", f"is {message.version}, the current one is {current}", f"read {current} first")
        raise Refuse(409, "changed_meanwhile", f"note {message.id} was changed meanwhile", errors=[wrong])
    title = row["title"] if message.title is None else message.title
    author = row["author"] if message.author is None else message.author
    given = NoteInput(title=title, body_md=message.body_md, author=author, draft=message.draft)
    return store.update(ctx, row, given)
