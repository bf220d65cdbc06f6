"""Conversations turned out to be one: so are their labels, with all that people said of them."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import ConversationJoined
from needlework.handlers.labels import store
from needlework.handlers.labels.messages import AnalyseConversationNote, LabelsJoined


@subscribe(ConversationJoined, runner="conversation_note_analysis_processor")
async def join(message: ConversationJoined, ctx: Context) -> None:
    """Its labels are the other's, which is then analysed; whatever was made from them is told that they are."""
    place = {"workspace": ctx.workspace.id, "content": message.conversation_id}
    ctx.write(store.sql("move_labels", into=message.into, now=ctx.now, **place))
    ctx.write(store.sql("end_labels", now=ctx.now, **place))
    ctx.write(store.sql("drop_pairs", type="conversation", **place))
    owners = {"account_id": message.account_id, "before": message.before}
    ctx.publish(LabelsJoined(conversation_id=message.conversation_id, into=message.into, **owners))
    ctx.publish(AnalyseConversationNote(conversation_fs_id=message.into), batch=ctx.batch)
