"""Accept a suggested task."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import AcceptTask, Task


@subscribe(AcceptTask, runner="content")
async def accept(message: AcceptTask, ctx: Context) -> Task:
    """A suggestion (a dismissed one too) is open from now on."""
    row = await store.existing(ctx, message.id)
    if row["status"] == "done":
        raise Refuse(409, "task_done", f"task {message.id} is done; PUT /api/tasks/{message.id} opens it again")
    fields = {"status": "open", "closed_reason": None}
    fields |= {"assignee": message.assignee} if message.assignee is not None else {}
    fields |= {"due_on": message.due_on.isoformat()} if message.due_on is not None else {}
    if row["status"] in ("open", "in_progress"):
        del fields["status"]
    changed = store.change(ctx, row, **fields)
    if changed["revision"] != row["revision"]:
        ctx.audit("task.accepted", message.id, row["title"])
    return await store.answer(ctx, changed)
