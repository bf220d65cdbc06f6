"""Measure the impact of needle movers by what is linked to them now."""

from collections.abc import Collection

import msgspec
from needlework.bus.context import Context
from needlework.handlers.needle_movers import store, wording
from needlework.handlers.needle_movers.action_messages import ProcessMoverActions
from needlework.handlers.needle_movers.impact import WEIGHTS, Basis, Evidence, Impact, Workspace, breakdown, impact
from needlework.handlers.needle_movers.messages import LATER, MeasureMover
from needlework.handlers.system.messages import ReadConfig
from needlework.handlers.times import DAY

ACTIVE = 90 * DAY
MUCH = 100
"""Linked evidence from which on an impact is not measured with each new piece."""
MOVED = 5
"""Points by which an impact must have changed since its actions were looked at."""


async def measure(ctx: Context, movers: Collection[str]) -> list[tuple[str, int, int]]:
    """Collect the impact of each mover, (id, before, after), and its summaries where its evidence is other than it was.

    The guard sees where that changes meanwhile.
    """
    found: list[tuple[str, int, int]] = []
    if not movers:
        return found
    by = await basis(ctx)
    for id_ in dict.fromkeys(movers):
        row = await store.look_for(ctx, id_)
        if row is None or row["merged_into"] is not None:
            continue
        evidence = await linked(ctx, id_)
        measured = put(ctx, row, evidence, by)
        await wording.summarise_anew(ctx, row, evidence, by)
        found.append((id_, row["impact"], measured.score))
    return found


async def put_off(ctx: Context, movers: Collection[str]) -> list[str]:
    """Those to be measured now. One with much evidence is measured a moment later, once for all that came meanwhile."""
    now = []
    for id_ in movers:
        values = {"workspace": ctx.workspace.id, "id": id_, "most": MUCH}
        if await ctx.db.value(store.sql("more_linked", **values)):
            ctx.publish(MeasureMover(needle_mover_id=id_), deliver_after=ctx.now + LATER)
        else:
            now.append(id_)
    return now


async def basis(ctx: Context) -> Basis:
    """What movers are measured by now."""
    return Basis(await workspace(ctx), await weights_of(ctx))


async def workspace(ctx: Context, at: int | None = None) -> Workspace:
    """What the workspace's movers are measured by at a time (now). There is no churn model yet, so none is scored."""
    until = ctx.now + 1 if at is None else at
    values = {"workspace": ctx.workspace.id, "since": until - ACTIVE, "until": until}
    active = await ctx.db.value(store.sql("active_accounts", **values))
    return Workspace(int(active), float(await ctx.db.value(store.sql("total_revenue", workspace=ctx.workspace.id))))


async def weights_of(ctx: Context) -> dict[str, float]:
    """The weights of this workspace: its own where its configuration has any."""
    config = await ctx.query(ReadConfig())
    return {**WEIGHTS, **config.get("impact_weights", {})}


async def linked(ctx: Context, mover: str, until: int | None = None) -> list[Evidence]:
    """What is linked to a mover (and was said before a time)."""
    rows = await ctx.db.all(store.sql("linked", workspace=ctx.workspace.id, id=mover))
    return [
        Evidence(
            row["account_id"] or row["contact"] or row["content_id"],
            row["score"],
            row["severity"],
            row["said_at"],
            row["mrr"],
            place=store.place(row),
        )
        for row in rows
        if until is None or row["said_at"] < until
    ]


def put(ctx: Context, row: store.Row, evidence: list[Evidence], by: Basis) -> Impact:
    """Collect the impact of mover `row`, to which `evidence` is linked."""
    measured = impact(evidence, by.workspace, ctx.now, by.weights)
    acts = abs(measured.score - row["acted_impact"]) >= MOVED
    values = {
        "id": row["id"],
        "impact": measured.score,
        "breakdown": msgspec.json.encode(breakdown(measured)).decode(),
        "acted": measured.score if acts else row["acted_impact"],
        "first": min((each.at for each in evidence), default=None),
        "last": max((each.at for each in evidence), default=None),
        "seen": row["revision"],
        "now": ctx.now,
    }
    ctx.write(store.sql("put_impact", 1, workspace=ctx.workspace.id, **values))
    if measured.score != row["impact"]:
        told = {"changed": ["impact"], "impact_before": row["impact"], "impact_after": measured.score}
        ctx.tell("needle_mover.updated", needle_mover_id=row["id"], **told)
    if acts:
        ctx.publish(ProcessMoverActions(needle_mover_id=row["id"]))
    return measured
