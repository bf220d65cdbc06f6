"""Delete a report."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports import store
from needlework.handlers.reports.messages import DeleteReport


@subscribe(DeleteReport, runner="content")
async def delete(message: DeleteReport, ctx: Context) -> dict[str, int]:
    """Its runs are records of what was told, and stay."""
    await store.report(ctx, message.id)
    ctx.write(store.sql("delete_report", 1, workspace=ctx.workspace.id, id=message.id))
    ctx.audit("report.deleted", message.id)
    return {"deleted": 1}
