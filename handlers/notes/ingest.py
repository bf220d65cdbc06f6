"""Take in notes."""

from functools import partial

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Saved
from needlework.handlers.batches import save_one_or_all
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import IngestNote, NoteInput


@subscribe(IngestNote, runner="content")
async def ingest(message: IngestNote, ctx: Context) -> Saved | list[Saved]:
    """Save one note, or each of a list."""
    return await save_one_or_all(ctx, message, partial(save, batch=message.batch_id), _keys)


def _keys(given: NoteInput) -> list[str]:
    return [key for key in (given.id, given.external_id) if key]


async def save(ctx: Context, given: NoteInput, batch: str | None = None) -> Saved:
    """Save one note: new, a new version, or nothing."""
    row = await store.find(ctx, given.id, given.external_id)
    if row is None:
        return store.create(ctx, given, batch=batch)
    if given.id is not None and row["id"] != given.id:
        raise Refuse(409, "external_id_taken", f"this external_id belongs to note {row['id']}")
    return store.update(ctx, row, given, batch=batch)
