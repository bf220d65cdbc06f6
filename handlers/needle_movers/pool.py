"""The spans that no needle mover has: let them be matched again where people changed what there is to match with."""

from needlework.bus.context import Context
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.messages import MatchEntity


async def rematch(ctx: Context) -> None:
    """Collect the change of definitions, and a message for each entity that a young span without a mover is in."""
    store.redefine(ctx)
    values = {"since": ctx.now - store.POOL_AGE, "limit": store.POOL_ENTITIES}
    rows = await ctx.db.all(store.sql("pool_entities", workspace=ctx.workspace.id, **values))
    for row in rows:
        ctx.publish(MatchEntity(entity_type=row["content_type"], entity_id=row["content_id"]))
