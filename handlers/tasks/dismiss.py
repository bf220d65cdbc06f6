"""Dismiss a task."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import DismissTask, Task


@subscribe(DismissTask, runner="content")
async def dismiss(message: DismissTask, ctx: Context) -> Task:
    """It is not wanted; its fingerprint keeps the same suggestion away for good."""
    row = await store.existing(ctx, message.id)
    if row["status"] == "done":
        raise Refuse(409, "task_done", f"task {message.id} is done already")
    changed = store.change(ctx, row, status="dismissed", closed_reason="user")
    if changed["revision"] != row["revision"]:
        ctx.audit("task.dismissed", message.id, row["title"])
    return await store.answer(ctx, changed)
