"""The circuit breaker: where 20 deliveries died within an hour, automatic work stops until a person has looked."""

from needlework.bus.context import Context
from needlework.bus.dead import DeadLetters, Which
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import WatchDead
from needlework.handlers.times import MINUTE, read_time

MOST = 20
WITHIN = 60 * MINUTE


@subscribe(WatchDead, runner="system")
async def watch(message: WatchDead, ctx: Context) -> None:
    """What died before ticks were enabled last does not count: whoever enabled them has seen it."""
    config = await ctx.bus.workspaces.config(ctx.workspace)
    tick = config.get("tick", {})
    if tick.get("disable"):
        return
    since = read_time(tick["since"]) if tick.get("since") else 0
    which = Which(start=max(ctx.now - WITHIN, since))
    dead = await DeadLetters(ctx.bus, ctx.workspace).newest(which, MOST)
    if len(dead) < MOST:
        return
    reason = f"{MOST} deliveries died within an hour; `needlework dead list` tells why"
    stopped = {**config, "tick": {"disable": True, "reason": reason}}
    await ctx.bus.workspaces.set_config(ctx.workspace, stopped, "circuit breaker", action="tick.disabled")
    await ctx.log("tick.disabled", reason=reason)
