"""Queue the runs that are due; queue stuck ones once more."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.reports import store
from needlework.handlers.reports.messages import MakeReport, TickReports
from needlework.handlers.reports.periods import last_ended
from needlework.handlers.system.messages import RequireTicks
from needlework.handlers.ticks import milliseconds
from needlework.handlers.times import MINUTE

PAGE = 500
STUCK = 30 * MINUTE
"""So long after it was queued a run that has not ended counts as stuck."""


@subscribe(TickReports, runner="system")
async def tick(message: TickReports, ctx: Context) -> dict[str, Any]:
    """One run a report and period. Of periods that nobody ticked only the last one gets a run."""
    started = ctx.clock.monotonic()
    await ctx.query(RequireTicks())
    batch = ctx.batch or ctx.new_id("batch")
    begun: list[str] = ctx.cursor or []
    begun = await _start(ctx, batch, begun)
    requeued = await _requeue(ctx, batch)
    answer = {"runs_started": begun, "requeued": requeued, "batch_id": batch if begun or requeued else None}
    return {**answer, "duration_ms": milliseconds(ctx, started)}


async def _start(ctx: Context, batch: str, begun: list[str]) -> list[str]:
    zone, seq = await store.zone(ctx), 0
    while True:
        place = {"workspace": ctx.workspace.id, "seq": seq, "limit": PAGE}
        rows = await ctx.db.all(store.sql("scheduled_reports", **place))
        for row in rows:
            seq = row["seq"]
            period = last_ended(row["schedule"], ctx.now, zone)
            if period.end > row["created_at"] and await _is_free(ctx, row, period.start, period.end):
                begun.append(store.queue(ctx, row, period, zone, scheduled=True, batch=batch)["id"])
        await ctx.commit(cursor=begun)
        if len(rows) < PAGE:
            return begun


async def _is_free(ctx: Context, report: store.Row, start: int, end: int) -> bool:
    """Whether nobody has run this period: neither the schedule nor, over just the same range, a person."""
    place = {"workspace": ctx.workspace.id, "report": report["id"], "start": start}
    by_schedule = await ctx.db.one(store.sql("run_of_slot", **place))
    return by_schedule is None and await ctx.db.one(store.sql("run_of_period", **place, end=end)) is None


async def _requeue(ctx: Context, batch: str) -> int:
    place = {"workspace": ctx.workspace.id, "before": ctx.now - STUCK, "limit": PAGE}
    requeued = 0
    for row in await ctx.db.all(store.sql("stuck_runs", **place)):
        values = {"workspace": ctx.workspace.id, "id": row["id"], "now": ctx.now}
        if row["requeued"]:
            error = "it did not end within twice 30 minutes; the dead letters of report_run tell why"
            ctx.write(store.sql("fail_run", 1, error=error, **values))
        else:
            ctx.write(store.sql("requeue_run", 1, **values))
            ctx.publish(MakeReport(run_id=row["id"]), batch=batch)
            requeued += 1
    return requeued
