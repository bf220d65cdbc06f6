"""Change a report."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports import store
from needlework.handlers.reports.messages import Report, UpdateReport


@subscribe(UpdateReport, runner="content")
async def update(message: UpdateReport, ctx: Context) -> Report:
    """Runs that there are stay as they are."""
    row = await store.report(ctx, message.id)
    values = {name: getattr(message, name) or row[name] for name in ("name", "schedule", "format")}
    if all(values[name] == row[name] for name in values):
        return store.shown_report(row)
    seen = {"id": message.id, "seen": row["updated_at"], "now": ctx.now}
    ctx.write(store.sql("update_report", 1, workspace=ctx.workspace.id, **seen, **values))
    ctx.audit("report.changed", message.id, f"{values['name']}, {values['schedule']}")
    return store.shown_report({**dict(row), **values, "updated_at": ctx.now})
