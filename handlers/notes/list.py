"""List and search notes."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import ListNotes, NoteSummary
from needlework.handlers.words import match_expression

LATEST = 1 << 62
AFTER_ANY_ID = "~"


@subscribe(ListNotes, runner="content")
async def list_notes(message: ListNotes, ctx: Context) -> Page[NoteSummary]:
    """A page of the notes that match every filter given."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, store.summary, "updated_at", "id")


def statement(message: ListNotes, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    updated_at, last_id = read_cursor(message.cursor, LATEST, AFTER_ANY_ID)
    match = match_expression(message.q)
    filters = {
        "filter_kind": message.kind,
        "filter_conversation": message.conversation_id,
        "filter_meeting": message.meeting_id,
        "filter_label": message.label,
        "filter_search": match,
    }
    values = {
        "workspace": workspace,
        "kind": message.kind,
        "conversation": message.conversation_id,
        "meeting": message.meeting_id,
        "label": message.label,
        "match": match,
        "updated_at": updated_at,
        "id": last_id,
        "limit": message.limit + 1,
    }
    return filtered(store.sql, "list_notes", filters, values)
