"""Post a text of another group to one channel: a delivery of a note's version, as any other."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.slack import store
from needlework.handlers.slack.blocks import payload
from needlework.handlers.slack.messages import ChannelsWanting, DeliverSlackMessage, PostToSlack


@subscribe(PostToSlack, runner="slack_message_delivery")
async def post(message: PostToSlack, ctx: Context) -> None:
    """The same version once, however often it is asked, and again where it was not sent; nothing to who wants nothing.

    How one has ended is told again: whoever asks may have missed it.
    """
    row = {"source": "note", "source_note_id": message.note_id, **msgspec.structs.asdict(message)}
    for each in await store.versions(ctx, row):
        if each["note_version"] == message.note_version:
            if each["status"] in ("failed", "skipped"):
                store.again(ctx, each)
            else:
                ctx.publish(DeliverSlackMessage(delivery_id=each["id"]))
            return
    if await store.channel(ctx, message.channel_id) is None and not message.edit_only:
        store.ended(ctx, row, "failed", None, f"no such subscription: channel {message.channel_id} wants nothing")
        return
    text = payload(message.title, message.body_md, message.note_id)
    text = msgspec.structs.replace(text, edit_only=message.edit_only)
    await store.deliver_to(ctx, [message.channel_id], "note", message.note_id, message.note_version, text)


@subscribe(ChannelsWanting, runner="slack_message_delivery")
async def wanting(message: ChannelsWanting, ctx: Context) -> list[str]:
    """Their ids."""
    rows = await ctx.db.all(store.sql("channels", workspace=ctx.workspace.id))
    return [row["channel_id"] for row in rows if row["needle_movers"]]
