"""Read what a run says."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports import store
from needlework.handlers.reports.messages import ReadRun, ReportRun


@subscribe(ReadRun, runner="content")
async def read_run(message: ReadRun, ctx: Context) -> ReportRun:
    """The same words in each format, whenever it is read."""
    row = await store.run(ctx, message.run_id)
    return store.shown_run(row, message.format or row["format"])
