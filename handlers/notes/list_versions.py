"""List the versions of a note."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, page_of, read_cursor
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import ListNoteVersions, NoteVersion
from needlework.handlers.times import show

AFTER_ANY = 1 << 62


@subscribe(ListNoteVersions, runner="content")
async def list_versions(message: ListNoteVersions, ctx: Context) -> Page[NoteVersion]:
    """A page of them, the newest first."""
    await store.existing(ctx, message.id)
    (before,) = read_cursor(message.cursor, AFTER_ANY)
    values = {"workspace": ctx.workspace.id, "id": message.id, "before": before, "limit": message.limit + 1}
    return page_of(await ctx.db.all(store.sql("list_versions", **values)), message.limit, _shown, "version")


def _shown(row: store.Row) -> NoteVersion:
    return NoteVersion(
        version=f"v{row['version']}",
        title=row["title"],
        author=row["author"],
        provenance=row["provenance"],
        created_at=show(row["created_at"]) or "",
    )
