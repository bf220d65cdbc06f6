"""Recompute a needle mover's impact as of now, and write its summaries and title anew where its evidence changed."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import measuring, store, wording
from needlework.handlers.needle_movers.match_messages import Refreshed, RefreshNeedleMover


class Work(msgspec.Struct):
    """What was done, to be told after a crash too."""

    before: int
    refreshed: list[Any] = []
    unchanged: list[Any] = []


@subscribe(RefreshNeedleMover, runner="needle_mover")
async def refresh(message: RefreshNeedleMover, ctx: Context) -> Refreshed:
    """Do what is asked for and answer with the mover; neither asked for changes nothing."""
    if ctx.cursor is None:
        row = await store.find_standing(ctx, message.id)
        done = Work(row["impact"])
        basis = await measuring.basis(ctx)
        evidence = await measuring.linked(ctx, message.id)
        if message.impact:
            measuring.put(ctx, row, evidence, basis)
            done.refreshed.append("impact")
        if message.summaries:
            fresh = [await wording.summarise_anew(ctx, row, evidence, basis), await wording.title_anew(ctx, row)]
            (done.refreshed if any(fresh) else done.unchanged).append("summaries")
        if done.refreshed:
            ctx.tell("needle_mover.refreshed", needle_mover_id=message.id, refreshed=done.refreshed)
        await ctx.commit(cursor=msgspec.to_builtins(done))
    else:
        done = msgspec.convert(ctx.cursor, Work)
    shown = store.mover(await store.find(ctx, message.id))
    return Refreshed(
        **msgspec.structs.asdict(shown),
        refreshed=done.refreshed,
        unchanged=done.unchanged,
        impact_before=done.before,
        impact_after=shown.impact_computed,
    )
