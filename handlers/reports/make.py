"""Gather what a queued run says, and tell that it is there."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports import store
from needlework.handlers.reports.account_health import account_health
from needlework.handlers.reports.document import Document
from needlework.handlers.reports.label_trends import label_trends
from needlework.handlers.reports.messages import MakeReport, ReportPublished
from needlework.handlers.reports.needle_movers import needle_movers
from needlework.handlers.reports.periods import Period, shown
from needlework.handlers.reports.runner_health import runner_health

GATHER = {
    "needle_movers": needle_movers,
    "label_trends": label_trends,
    "account_health": account_health,
    "runner_health": runner_health,
}


@subscribe(MakeReport, runner="reports")
async def make(message: MakeReport, ctx: Context) -> dict[str, str]:
    """What is gathered is kept as it was: the run never changes afterwards."""
    row = await store.run(ctx, message.run_id)
    if row["status"] != "queued":
        return {"status": row["status"]}
    period = Period(row["period_start"], row["period_end"])
    sections = await GATHER[row["query"]](ctx, period)
    document = Document(row["name"], shown(period, row["zone"]), tuple(sections))
    artifact = msgspec.json.encode(document).decode()
    ctx.write(store.sql("finish_run", 1, workspace=ctx.workspace.id, id=row["id"], artifact=artifact, now=ctx.now))
    ctx.publish(ReportPublished(run_id=row["id"], report_id=row["report_id"]))
    return {"status": "done"}
