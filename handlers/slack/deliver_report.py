"""A report's run is there: a delivery for each channel that wants the report."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports.messages import ReadRun, ReportPublished, ReportRun
from needlework.handlers.slack import store
from needlework.handlers.slack.blocks import payload


@subscribe(ReportPublished, runner="slack_message_delivery")
async def deliver_report(message: ReportPublished, ctx: Context) -> None:
    """Once a channel; a run never changes, so its version is the first for ever."""
    rows = await ctx.db.all(store.sql("channels", workspace=ctx.workspace.id))
    wanting = [row["channel_id"] for row in rows if {"*", message.report_id} & set(msgspec.json.decode(row["reports"]))]
    if wanting:
        run: ReportRun = await ctx.query(ReadRun(run_id=message.run_id, format="md"))
        text = payload(run.name, str(run.content).partition("\n")[2], run.id)
        await store.deliver_to(ctx, wanting, "report_run", run.id, 1, text)
