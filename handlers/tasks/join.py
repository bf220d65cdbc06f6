"""Conversations turned out to be one: what was said in them proves the same tasks."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels.messages import LabelsJoined
from needlework.handlers.tasks import store
from needlework.handlers.tasks.accounts import give


@subscribe(LabelsJoined, runner="tasks")
async def join(message: LabelsJoined, ctx: Context) -> None:
    """The proof of the one is the other's, whose account the tasks have."""
    place = {"workspace": ctx.workspace.id, "id": message.conversation_id}
    ctx.write(store.sql("move_proof", into=message.into, now=ctx.now, **place), store.sql("drop_proof", **place))
    await ctx.commit()
    if message.account_id is not None and message.account_id != message.before:
        await give(ctx, message.into, message.account_id, message.before)
