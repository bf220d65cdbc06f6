"""Say what a channel gets."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.slack import store
from needlework.handlers.slack.messages import Channel, SubscribeChannel


@subscribe(SubscribeChannel, runner="slack_message_delivery")
async def subscribe_channel(message: SubscribeChannel, ctx: Context) -> Channel:
    """What was published before is not sent afterwards."""
    row = await store.channel(ctx, message.id)
    notes, reports = sorted(set(message.notes)), sorted(set(message.reports))
    lists = {"notes": msgspec.json.encode(notes).decode(), "reports": msgspec.json.encode(reports).decode()}
    movers = {"needle_movers": int(message.needle_movers)}
    values = {"id": ctx.new_id("sch"), "channel": message.id, "name": message.name, "now": ctx.now, **lists, **movers}
    ctx.write(store.sql("save_channel", workspace=ctx.workspace.id, **values))
    told = f"notes: {', '.join(notes) or 'none'}; reports: {len(reports)}"
    ctx.audit("slack.subscribed", message.id, told + ("; needle movers" if message.needle_movers else ""))
    created = ctx.now if row is None else row["created_at"]
    return store.shown_channel({**lists, **movers, "channel_id": message.id, "name": message.name,
                                "created_at": created, "updated_at": ctx.now})  # fmt: skip
