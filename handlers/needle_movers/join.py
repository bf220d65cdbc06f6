"""Conversations turned out to be one: what was said in them keeps its needle movers, and what people decided."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels.messages import LabelsJoined
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.messages import MatchEntity


@subscribe(LabelsJoined, runner="needle_mover")
async def join(message: LabelsJoined, ctx: Context) -> None:
    """The spans of the one are the other's; whose they are now is looked up with its labels."""
    place = {"workspace": ctx.workspace.id, "id": message.conversation_id}
    ctx.write(store.sql("move_conversation", into=message.into, now=ctx.now, **place))
    for name in ("drop_evidence_of", "drop_spans_of", "drop_cursor"):
        ctx.write(store.sql(name, **place))
    ctx.publish(MatchEntity(entity_type="conversation", entity_id=message.into))
