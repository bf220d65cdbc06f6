"""List the runs of reports."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.reports import store
from needlework.handlers.reports.list import LATEST
from needlework.handlers.reports.messages import ListRuns, RunHead


@subscribe(ListRuns, runner="content")
async def list_runs(message: ListRuns, ctx: Context) -> Page[RunHead]:
    """A page, the newest first."""
    (seq,) = read_cursor(message.cursor, LATEST)
    values = {"workspace": ctx.workspace.id, "seq": seq, "limit": message.limit + 1, "report": message.report_id}
    rows = await ctx.db.all(filtered(store.sql, "list_runs", {"filter_report": message.report_id}, values))
    return page_of(rows, message.limit, store.shown_head, "seq")
