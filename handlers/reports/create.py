"""Make a report."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports import store
from needlework.handlers.reports.messages import CreateReport, Report

NAMES = {
    "needle_movers": "Needle-mover digest",
    "label_trends": "Label trends",
    "account_health": "Account health",
    "runner_health": "Runner health",
}


@subscribe(CreateReport, runner="content")
async def create(message: CreateReport, ctx: Context) -> Report:
    """The first period that it covers by itself is the one that ends next."""
    workspace, report = ctx.workspace.id, message.id or ctx.new_id("report")
    if message.id and await ctx.db.one(store.sql("report", workspace=workspace, id=report)) is not None:
        raise Refuse(409, "id_taken", f"there is a report {report} already")
    values = {"id": report, "name": message.name or NAMES[message.query], "query": message.query}
    values |= {"schedule": message.schedule, "format": message.format}
    ctx.write(store.sql("insert_report", 1, workspace=workspace, now=ctx.now, **values))
    ctx.audit("report.created", report, f"{message.query}, {message.schedule}")
    return store.shown_report({**values, "created_at": ctx.now, "updated_at": ctx.now})
