"""Suggest tasks from the labels of a conversation or note; judge a task."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import Discard
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.from_labels import suggest_from
from needlework.handlers.tasks.judging import judge
from needlework.handlers.tasks.messages import LabelTasks


@subscribe(LabelTasks, runner="tasks")
async def label(message: LabelTasks, ctx: Context) -> dict[str, Any]:
    """One of both. Raises Discard for a task that is gone meanwhile."""
    if message.content_type is not None and message.content_id is not None:
        return dict(await suggest_from(ctx, message.content_type, message.content_id))
    row = await ctx.db.one(store.sql("find_task", workspace=ctx.workspace.id, id=message.task_id))
    if row is None:
        raise Discard("gone")
    return {"task_id": message.task_id, "updated": await judge(ctx, row)}
