"""The workspace's time zone, for everything that means a day or a time of day there."""

from needlework.bus.context import Context


def workspace_zone(ctx: Context) -> str:
    """The IANA name that the workspace's configuration states, UTC where it states none."""
    return str(ctx.bus.workspaces.configs.get(ctx.workspace.id, {}).get("timezone", "UTC"))
