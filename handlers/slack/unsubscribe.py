"""Send nothing more to a channel."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.slack import store
from needlework.handlers.slack.messages import UnsubscribeChannel


@subscribe(UnsubscribeChannel, runner="slack_message_delivery")
async def unsubscribe(message: UnsubscribeChannel, ctx: Context) -> dict[str, int]:
    """What is on its way is brought to its end; what was not begun is skipped."""
    if await store.channel(ctx, message.id) is None:
        raise Refuse(404, "not_found", f"channel {message.id!r} gets nothing in this workspace")
    place = {"workspace": ctx.workspace.id, "channel": message.id}
    ctx.write(store.sql("remove_channel", 1, **place), store.sql("skip_channel", now=ctx.now, **place))
    ctx.audit("slack.unsubscribed", message.id)
    return {"deleted": 1}
