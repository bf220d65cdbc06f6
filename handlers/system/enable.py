"""Let ticks run again."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import EnableTicks


@subscribe(EnableTicks, runner="system")
async def enable(message: EnableTicks, ctx: Context) -> dict[str, Any]:
    """Clear `config.tick.disable` with its reason. Nothing is ticked here: the backlog drains by itself."""
    config = await ctx.bus.workspaces.config(ctx.workspace)
    was_disabled = bool(config.get("tick", {}).get("disable", False))
    if was_disabled:
        enabled = config | {"tick": {"disable": False}}
        await ctx.bus.workspaces.set_config(ctx.workspace, enabled, ctx.principal, action="tick.enable")
        await ctx.log("tick.enabled")
    return {"enabled": True, "was_disabled": was_disabled}
