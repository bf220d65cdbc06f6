"""From which score on a span is linked or suggested: learned from what people accepted and rejected."""

from collections.abc import Sequence

from needlework.bus.context import Context
from needlework.handlers.needle_movers import store

ENOUGH = 50
"""Decisions from which on a workspace has thresholds of its own."""
LINK_PRECISION, SUGGEST_PRECISION = 0.90, 0.40
"""How many of those at or above a threshold people should accept."""
LOWEST, HIGHEST = 0.35, 0.90


def learned(decisions: Sequence[tuple[float, bool]]) -> tuple[float, float] | None:
    """(link, suggest) from (score, accepted); None where there are too few decisions.

    Each is the lowest score from which on enough was accepted; where none is, the highest allowed.
    """
    if len(decisions) < ENOUGH:
        return None
    link = _lowest(decisions, LINK_PRECISION)
    return link, min(link, _lowest(decisions, SUGGEST_PRECISION))


def _lowest(decisions: Sequence[tuple[float, bool]], precision: float) -> float:
    found, accepted = HIGHEST, 0
    ordered = sorted(decisions, reverse=True)
    for number, (score, yes) in enumerate(ordered, 1):
        accepted += yes
        last_of_equals = number == len(ordered) or ordered[number][0] < score
        if last_of_equals and accepted >= precision * number:
            found = score
    return min(HIGHEST, max(LOWEST, found))


async def learn(ctx: Context) -> None:
    """Collect the workspace's thresholds where its decisions say other ones."""
    known = await store.state(ctx)
    rows = await ctx.db.all(store.sql("decided_scores", workspace=ctx.workspace.id))
    found = learned([(row["score"], row["state"] == "linked") for row in rows])
    if found is not None and found != (known["link_at"], known["suggest_at"]):
        values = {"link_at": found[0], "suggest_at": found[1], "now": ctx.now}
        ctx.write(store.sql("put_thresholds", 1, workspace=ctx.workspace.id, **values))
