"""Read the workspace's tick settings."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import ReadTickState, TickState

SETTLE_SECONDS = 120


@subscribe(ReadTickState, runner="system")
async def read(message: ReadTickState, ctx: Context) -> TickState:
    """The settings with their defaults."""
    config = await ctx.bus.workspaces.config(ctx.workspace)
    tick = config.get("tick", {})
    return TickState(
        disabled=bool(tick.get("disable", False)),
        reason=tick.get("reason", ""),
        since=tick.get("since", ""),
        by=tick.get("by", ""),
        settle_seconds=config.get("settle_seconds", SETTLE_SECONDS),
    )
