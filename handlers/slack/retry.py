"""Let a failed delivery go again."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.slack import store
from needlework.handlers.slack.messages import RetryDelivery, SlackDelivery


@subscribe(RetryDelivery, runner="slack_message_delivery")
async def retry(message: RetryDelivery, ctx: Context) -> SlackDelivery:
    """Where it is unknown whether it was posted, its message is looked for first."""
    row = await store.delivery(ctx, message.id)
    if row["status"] != "failed":
        raise Refuse(409, "not_failed", f"delivery {message.id} is {row['status']}; only a failed one can go again")
    store.again(ctx, row)
    return msgspec.structs.replace(store.shown_delivery(row), status="pending", error=None)
