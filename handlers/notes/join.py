"""A conversation turned out to be a part of another: the notes about it are about that one."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import ConversationJoined
from needlework.handlers.notes import store


@subscribe(ConversationJoined, runner="content")
async def join(message: ConversationJoined, ctx: Context) -> None:
    """All of them."""
    values = {"id": message.conversation_id, "into": message.into, "now": ctx.now}
    ctx.write(store.sql("move_notes", workspace=ctx.workspace.id, **values))
