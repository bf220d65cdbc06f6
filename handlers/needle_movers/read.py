"""Read one needle mover."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.messages import NeedleMover, ReadNeedleMover


@subscribe(ReadNeedleMover, runner="content")
async def read(message: ReadNeedleMover, ctx: Context) -> NeedleMover:
    """As stored; one that was merged says into which."""
    return store.mover(await store.find(ctx, message.id))
