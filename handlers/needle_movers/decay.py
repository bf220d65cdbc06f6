"""Impacts fall from day to day while nothing is said: measure those that were not measured today."""

from zoneinfo import ZoneInfo

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import measuring, store
from needlework.handlers.needle_movers.messages import DecayImpacts, StaleImpacts
from needlework.handlers.zones import day_of, workspace_zone

PAGE = 50


@subscribe(StaleImpacts, runner="needle_mover")
async def stale(message: StaleImpacts, ctx: Context) -> bool:
    """One is enough."""
    return await ctx.db.one(_statement(ctx, 1)) is not None


@subscribe(DecayImpacts, runner="needle_mover")
async def decay(message: DecayImpacts, ctx: Context) -> dict[str, int]:
    """A page at a time: what was measured is not found again, so that a repeat after a crash does the rest."""
    measured = 0
    while rows := await ctx.db.all(_statement(ctx, PAGE)):
        done = await measuring.measure(ctx, [row["id"] for row in rows])
        await ctx.commit()
        if not done:
            break
        measured += len(done)
    return {"measured": measured}


def _statement(ctx: Context, limit: int) -> Statement:
    today = day_of(ctx.now, ZoneInfo(workspace_zone(ctx))).start
    return store.sql("stale_impacts", workspace=ctx.workspace.id, before=today, limit=limit)
