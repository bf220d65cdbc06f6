"""Read one conversation, and its transcript for other groups."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import page_of, read_cursor
from needlework.handlers.conversations import store
from needlework.handlers.conversations.messages import Conversation, ReadConversation
from needlework.handlers.labels.messages import ListContentLabels

EARLIEST = -(1 << 62)
LABELS = 500


@subscribe(ReadConversation, runner="content")
async def read(message: ReadConversation, ctx: Context) -> Conversation:
    """The conversation, a page of its messages, and its labels."""
    row = await store.existing(ctx, message.id)
    sent_at, seq = read_cursor(message.cursor, EARLIEST, 0)
    place = {"sent_at": sent_at, "seq": seq, "limit": message.limit + 1}
    rows = await ctx.db.all(store.sql("messages_page", workspace=ctx.workspace.id, conversation=row["id"], **place))
    page = page_of(rows, message.limit, store.message, "sent_at", "seq")
    people = await ctx.db.all(store.sql("participants", workspace=ctx.workspace.id, conversation=row["id"]))
    labels = await ctx.query(ListContentLabels(content_type="conversation", content_id=row["id"], limit=LABELS))
    return Conversation(
        **store.head(row),
        participants=store.participants(people),
        messages=page.items,
        labels=labels.items,
        next_cursor=page.next_cursor,
    )
