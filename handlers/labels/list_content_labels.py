"""List labels with their evidence."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.labels import store
from needlework.handlers.labels.messages import ContentLabel, ListContentLabels


@subscribe(ListContentLabels, runner="content")
async def list_content_labels(message: ListContentLabels, ctx: Context) -> Page[ContentLabel]:
    """A page of the labels that match every filter given."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, store.content_label, "seq")


def statement(message: ListContentLabels, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    (seq,) = read_cursor(message.cursor, 0)
    active = message.state == "active"
    filters = {
        "filter_content": message.content_id,
        "filter_type": message.content_type,
        "filter_label": message.label,
        "filter_state": None if active else message.state,
        "filter_active": message.state if active else None,
    }
    values = {
        "workspace": workspace,
        "content": message.content_id,
        "type": message.content_type,
        "label": message.label,
        "state": message.state,
        "seq": seq,
        "limit": message.limit + 1,
    }
    return filtered(store.sql, "list_labels", filters, values)
