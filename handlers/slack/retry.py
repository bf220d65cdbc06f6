"""Let a failed delivery go again."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.slack import store
from needlework.handlers.slack.messages import DeliverSlackMessage, RetryDelivery, SlackDelivery


@subscribe(RetryDelivery, runner="slack_message_delivery")
async def retry(message: RetryDelivery, ctx: Context) -> SlackDelivery:
    """Where it is unknown whether it was posted, its message is looked for first."""
    row = await store.delivery(ctx, message.id)
    if row["status"] != "failed":
        raise Refuse(409, "not_failed", f"delivery {message.id} is {row['status']}; only a failed one can go again")
    unknown = "post" if (row["error"] or "").startswith("unknown outcome") else "none"
    ctx.write(store.change(ctx, "again", row, 1, flight=unknown))
    ctx.publish(DeliverSlackMessage(delivery_id=message.id))
    ctx.audit("slack.retried", row["channel_id"], message.id)
    return msgspec.structs.replace(store.shown_delivery(row), status="pending", error=None)
