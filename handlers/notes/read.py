"""Read one note, in one of its versions."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels.messages import ListContentLabels, version_number
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import Note, ReadNote

LABELS = 500


@subscribe(ReadNote, runner="content")
async def read(message: ReadNote, ctx: Context) -> Note:
    """The note, the text of the version asked for, and its labels."""
    row = await store.existing(ctx, message.id)
    number = row["current_version"] if message.version is None else version_number(message.version)
    values = {"workspace": ctx.workspace.id, "id": message.id, "version": number}
    version = await ctx.db.one(store.sql("find_version", **values))
    if version is None:
        detail = f"note {message.id} has no version v{number}; its current one is v{row['current_version']}"
        raise Refuse(404, "not_found", detail)
    labels = await ctx.query(ListContentLabels(content_type="note", content_id=message.id, limit=LABELS))
    return Note(
        **{**store.head(row), "title": version["title"]},
        shown_version=f"v{number}",
        body_md=version["body_md"],
        author=version["author"],
        provenance=version["provenance"],
        labels=labels.items,
    )
