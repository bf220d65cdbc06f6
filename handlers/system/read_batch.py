"""Read how far a batch is."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import NotFound
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import ReadBatch


@subscribe(ReadBatch, runner="system")
async def read(message: ReadBatch, ctx: Context) -> dict[str, Any]:
    """The batch's counts; nothing where every message of it was absorbed by one that waited already."""
    try:
        counts: dict[str, Any] = await ctx.bus.batch(ctx.workspace, message.id)
    except NotFound:
        return {}
    return counts
