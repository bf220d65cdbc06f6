"""List the channels that get something."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page
from needlework.handlers.slack import store
from needlework.handlers.slack.messages import Channel, ListChannels


@subscribe(ListChannels, runner="slack_message_delivery")
async def list_channels(message: ListChannels, ctx: Context) -> Page[Channel]:
    """All of them, they are few."""
    rows = await ctx.db.all(store.sql("channels", workspace=ctx.workspace.id))
    return Page([store.shown_channel(row) for row in rows])
