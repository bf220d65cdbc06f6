"""List deliveries."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.slack import store
from needlework.handlers.slack.messages import ListDeliveries, SlackDelivery

LATEST = 1 << 62


@subscribe(ListDeliveries, runner="slack_message_delivery")
async def list_deliveries(message: ListDeliveries, ctx: Context) -> Page[SlackDelivery]:
    """A page of the deliveries that match every filter given."""
    (seq,) = read_cursor(message.cursor, LATEST)
    filters = {"filter_status": message.status, "filter_channel": message.channel, "filter_note": message.note}
    values = {"workspace": ctx.workspace.id, "seq": seq, "limit": message.limit + 1}
    values |= {"status": message.status, "channel": message.channel, "note": message.note}
    rows = await ctx.db.all(filtered(store.sql, "list_deliveries", filters, values))
    return page_of(rows, message.limit, store.shown_delivery, "seq")
