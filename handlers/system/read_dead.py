"""Read one dead letter."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.dead import DeadLetters
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.dead_messages import ReadDead


@subscribe(ReadDead, runner="system")
async def read_dead(message: ReadDead, ctx: Context) -> dict[str, Any]:
    """The whole error, what was published, and every attempt. Raises NotFound, Conflict."""
    return await DeadLetters(ctx.bus, ctx.workspace).one(message.id)
