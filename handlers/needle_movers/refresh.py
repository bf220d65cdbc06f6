"""Recompute a needle mover's impact as of now, and write its summaries anew where its evidence changed."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import measuring, store
from needlework.handlers.needle_movers.impact import RECENT, impact
from needlework.handlers.needle_movers.match_messages import Refreshed, RefreshNeedleMover
from needlework.handlers.needle_movers.summaries import Quote, evidence_hash, summarise


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
        if message.impact:
            await measuring.measure(ctx, [message.id])
            done.refreshed.append("impact")
        if message.summaries:
            fresh = await write_summaries(ctx, row)
            (done.refreshed if fresh else done.unchanged).append("summaries")
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


async def write_summaries(ctx: Context, row: store.Row) -> bool:
    """Collect new summaries; False where the evidence is what it was."""
    quotes = await quotes_of(ctx, row["id"])
    hash_ = evidence_hash(quotes, ctx.now)
    if hash_ == row["evidence_hash"]:
        return False
    weights = await measuring.weights_of(ctx)
    scores = []
    for until in (ctx.now - RECENT, ctx.now + 1):
        evidence = await measuring.linked(ctx, row["id"], until)
        scores.append(impact(evidence, await measuring.workspace(ctx, until), until, weights).score)
    made = summarise(quotes, scores[0], scores[1], ctx.now)
    values = {"short": made.short, "long": made.long, "delta": made.delta, "hash": hash_, "now": ctx.now}
    values |= {"citations": msgspec.json.encode(made.citations).decode(), "id": row["id"], "seen": row["revision"]}
    ctx.write(store.sql("put_summaries", 1, workspace=ctx.workspace.id, **values))
    return True


async def quotes_of(ctx: Context, mover: str) -> list[Quote]:
    """The latest linked evidence of a mover as quotes."""
    rows = await ctx.db.all(store.sql("quotes", workspace=ctx.workspace.id, id=mover))
    return [
        Quote(row["id"], row["quote"], row["who"] or "", row["severity"], row["score"], row["said_at"]) for row in rows
    ]
