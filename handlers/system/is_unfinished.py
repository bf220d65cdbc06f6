"""Whether a message has ended, for operations of which only one may run."""

from needlework.bus.context import Context
from needlework.bus.errors import NotFound
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import IsUnfinished

UNFINISHED = ("waiting", "running", "parked")


@subscribe(IsUnfinished, runner="system")
async def is_unfinished(message: IsUnfinished, ctx: Context) -> bool:
    """False for one that retention has removed."""
    try:
        status = await ctx.bus.message(ctx.workspace, message.id)
    except NotFound:
        return False
    return status["state"] in UNFINISHED
