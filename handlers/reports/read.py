"""Read a report."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports import store
from needlework.handlers.reports.messages import ReadReport, Report


@subscribe(ReadReport, runner="content")
async def read(message: ReadReport, ctx: Context) -> Report:
    """What it is about, and how often it runs."""
    return store.shown_report(await store.report(ctx, message.id))
