"""List reports."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, page_of, read_cursor
from needlework.handlers.reports import store
from needlework.handlers.reports.messages import ListReports, Report

LATEST = 1 << 62


@subscribe(ListReports, runner="content")
async def list_reports(message: ListReports, ctx: Context) -> Page[Report]:
    """A page, the newest first."""
    (seq,) = read_cursor(message.cursor, LATEST)
    values = {"workspace": ctx.workspace.id, "seq": seq, "limit": message.limit + 1}
    return page_of(await ctx.db.all(store.sql("list_reports", **values)), message.limit, store.shown_report, "seq")
