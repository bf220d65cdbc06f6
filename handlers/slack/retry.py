"""Let a delivery go again that was not sent."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.slack import store
from needlework.handlers.slack.messages import RetryDelivery, SlackDelivery

ENDED = {
    "sent": "was sent; a new version of what it says edits the message that is there",
    "skipped": "was skipped, for the reason in its `error`; only a failed or a pending one can go again",
}
"""What is said of a delivery that cannot go again, by its status."""


@subscribe(RetryDelivery, runner="slack_message_delivery")
async def retry(message: RetryDelivery, ctx: Context) -> SlackDelivery:
    """Where it is unknown whether it was posted, its message is looked for first.

    A pending one may have nobody left who works on it: what was to deliver it died of a fault of ours. Whether that is
    so need not be known: attempts at one delivery follow each other, and the later finds what the earlier came to.
    """
    row = await store.delivery(ctx, message.id)
    if row["status"] not in ("failed", "pending"):
        raise Refuse(409, "not_failed", f"delivery {message.id} {ENDED[row['status']]}")
    store.again(ctx, row)
    return msgspec.structs.replace(store.shown_delivery(row), status="pending", error=None)
