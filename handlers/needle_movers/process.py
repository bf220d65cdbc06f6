"""Match what one conversation or note says, and measure the needle movers that it touches."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import index, measuring, spans, store
from needlework.handlers.needle_movers.consider import Outcome, consider
from needlework.handlers.needle_movers.messages import MatchEntity, MeasureMover


class Progress(msgspec.Struct):
    """How far an entity is: what became of its spans, and which movers are to be measured."""

    counts: dict[str, int] = {}
    touched: list[str] = []

    def add(self, outcome: Outcome) -> None:
        """Count what became of one span."""
        self.counts[outcome.outcome] = self.counts.get(outcome.outcome, 0) + 1
        self.touched += [each for each in outcome.touched if each not in self.touched]


@subscribe(MatchEntity, runner="needle_mover")
async def process(message: MatchEntity, ctx: Context) -> dict[str, Any]:
    """Spans as the labels are now, then one after the other; impacts last. Each step is committed by itself."""
    return await match_entity(ctx, message.entity_type, message.entity_id)


async def match_entity(ctx: Context, type_: Any, id_: str) -> dict[str, Any]:
    """As `process`: the counts of outcomes, and the impact before and after of each mover that was measured at once."""
    await store.state(ctx)
    done = Progress() if ctx.cursor is None else msgspec.convert(ctx.cursor, Progress)
    if ctx.cursor is None:
        done.touched += dict.fromkeys(await spans.keep(ctx, type_, id_))
        await ctx.commit(cursor=msgspec.to_builtins(done))
    while (row := await _next(ctx, type_, id_)) is not None:
        async with index.turn(ctx):
            outcome = await consider(ctx, row, await index.load(ctx))
            done.add(outcome)
            tell(ctx, row, outcome)
            await ctx.commit(cursor=msgspec.to_builtins(done))
    measured = await measuring.measure(ctx, await measuring.put_off(ctx, done.touched))
    impacts = [{"needle_mover_id": mover, "before": before, "after": after} for mover, before, after in measured]
    return {**done.counts, "impacts": impacts}


@subscribe(MeasureMover, runner="needle_mover")
async def measure(message: MeasureMover, ctx: Context) -> dict[str, Any]:
    """What came since it was put off, in one."""
    found = await measuring.measure(ctx, [message.needle_mover_id])
    return {"before": found[0][1], "after": found[0][2]} if found else {}


async def _next(ctx: Context, type_: str, id_: str) -> store.Row | None:
    """The entity's first span that was not matched under the definitions of now and that no person decided on."""
    values = {"workspace": ctx.workspace.id, "type": type_, "content": id_}
    return await ctx.db.one(store.sql("unconsidered", **values))


def tell(ctx: Context, row: store.Row, outcome: Outcome) -> None:
    """Collect the facts: a mover was made, evidence was linked to one."""
    if outcome.created is not None:
        ctx.tell("needle_mover.created", needle_mover_id=outcome.mover, title=outcome.created)
    elif outcome.outcome in ("linked", "moved", "suggested"):
        said = {"content_label_id": row["content_label_id"], "score": outcome.score, "outcome": outcome.outcome}
        ctx.tell("needle_mover.linked", needle_mover_id=outcome.mover, **said)
