"""What every tick operation asks first: may it, and by which settings."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import RequireTicks, TickSettings

SETTLE_SECONDS = 120


@subscribe(RequireTicks, runner="system")
async def require(message: RequireTicks, ctx: Context) -> TickSettings:
    """The settings with their defaults. Raises Refuse 409 while ticks are disabled."""
    config = await ctx.bus.workspaces.config(ctx.workspace)
    tick = config.get("tick", {})
    if tick.get("disable", False):
        stated = {name: tick[name] for name in ("reason", "since", "by") if tick.get(name)}
        why = f": {tick['reason']}" if tick.get("reason") else ""
        detail = f"ticks are disabled in this workspace{why}; POST /api/tick/enable lets them run again"
        raise Refuse(409, "tick_disabled", detail, **stated)
    return TickSettings(config.get("settle_seconds", SETTLE_SECONDS))
