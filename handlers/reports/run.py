"""Run a report now."""

from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports import store
from needlework.handlers.reports.messages import RunHead, RunReport
from needlework.handlers.reports.periods import Period, last_ended
from needlework.handlers.times import parse_range


@subscribe(RunReport, runner="content")
async def run(message: RunReport, ctx: Context) -> RunHead:
    """Queued; a period that has a run answers that run, since a run never changes."""
    row, zone = await store.report(ctx, message.id), await store.zone(ctx)
    if message.from_ is None:
        period = last_ended(row["schedule"], ctx.now, zone)
    else:
        period = Period(*parse_range(message.from_, message.until, now=ctx.now, default=0))
    if period.start < 0:
        raise Refuse(422, "invalid_time", "from is before 1970", errors=[FieldError("from", "is before 1970")])
    place = {"report": row["id"], "start": period.start, "end": period.end, "workspace": ctx.workspace.id}
    there = await ctx.db.one(store.sql("run_of_period", **place))
    if there is not None:
        return store.shown_head(there)
    return store.shown_head(store.queue(ctx, row, period, zone, scheduled=False))
