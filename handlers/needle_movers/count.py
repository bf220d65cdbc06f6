"""Count the needle movers in each status."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.messages import CountNeedleMovers


@subscribe(CountNeedleMovers, runner="content")
async def count(message: CountNeedleMovers, ctx: Context) -> dict[str, int]:
    """A status that no needle mover has is left out."""
    rows = await ctx.db.all(store.sql("count_movers", workspace=ctx.workspace.id))
    return {row["status"]: row["movers"] for row in rows}
