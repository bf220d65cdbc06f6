"""The spans that no needle mover has: matched again where people changed what with, found where others are near."""

from collections.abc import Sequence

import msgspec
from needlework.bus.context import Context
from needlework.handlers.needle_movers import founding, store, vectors
from needlework.handlers.needle_movers.messages import MatchEntity
from needlework.handlers.text.hashing import Float

MOST = 2_000
"""Spans of a time that are looked at, the latest ones."""


async def rematch(ctx: Context) -> None:
    """Collect the change of definitions, and a message for each entity that a young span without a mover is in."""
    store.redefine(ctx)
    values = {"since": ctx.now - store.POOL_AGE, "limit": store.POOL_ENTITIES}
    rows = await ctx.db.all(store.sql("pool_entities", workspace=ctx.workspace.id, **values))
    for row in rows:
        ctx.publish(MatchEntity(entity_type=row["content_type"], entity_id=row["content_id"]))


async def near(
    ctx: Context, span: store.Row, vector: Float, least: float, labels: Sequence[str] = ()
) -> list[store.Row]:
    """What waits within the time of a span, with one of these labels (any), at a cosine of `least` or nearer.

    The spans themselves are read only where they are near: a pool holds thousands. At the border it takes one too many.
    """
    values = {"since": span["said_at"] - founding.APART, "until": span["said_at"] + founding.APART, "limit": MOST}
    values |= {"encoder": span["encoder"], "labels": _json(labels), "any": int(not labels)}
    rows = await ctx.db.all(store.sql("pool", workspace=ctx.workspace.id, **values))
    ids, places = await vectors.of_spans(ctx, [row["id"] for row in rows])
    if not ids:
        return []
    alike = [ids[at] for at in (places @ vector >= least - 1e-5).nonzero()[0]]
    return await ctx.db.all(store.sql("pool_spans", workspace=ctx.workspace.id, ids=_json(alike))) if alike else []


def _json(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()
