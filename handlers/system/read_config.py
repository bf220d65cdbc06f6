"""The workspace's configuration, for the groups that go by it."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import ReadConfig


@subscribe(ReadConfig, runner="system")
async def read_config(message: ReadConfig, ctx: Context) -> dict[str, Any]:
    """As people wrote it; what they left out is not there."""
    config: dict[str, Any] = await ctx.bus.workspaces.config(ctx.workspace)
    return config
