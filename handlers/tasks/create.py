"""Write down a task."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import CreateTask, LabelTasks, Task
from needlework.handlers.tasks.titles import fingerprint
from needlework.handlers.words import clean


@subscribe(CreateTask, runner="content")
async def create(message: CreateTask, ctx: Context) -> Task:
    """A new task of a person; it is judged (type, priority, area) a moment later."""
    task = message.id or ctx.new_id("task")
    if message.id and await ctx.db.one(store.sql("find_task", workspace=ctx.workspace.id, id=task)) is not None:
        raise Refuse(409, "id_taken", f"there is a task {task} already; PUT /api/tasks/{task} changes it")
    title = clean(message.title).strip()
    place, encoder = await store.vector(title)
    given = ("status", "assignee", "account_id", "needle_mover_id", "external_ref")
    row = {name: getattr(message, name) for name in given}
    row |= {"id": task, "title": title, "body": clean(message.body), "source": "user", "content_label_id": None}
    row |= {"due_on": message.due_on.isoformat() if message.due_on else None, "vector": place, "encoder": encoder}
    row |= {"fingerprint": fingerprint(title, message.account_id, message.assignee)}
    row |= {"confidence": 1.0, "provenance": "user", "model": "", "said_in": None}
    ctx.write(store.sql("insert_task", 1, workspace=ctx.workspace.id, now=ctx.now, **row))
    ctx.publish(LabelTasks(task_id=task))
    ctx.audit("task.created", task, title)
    ctx.tell("task.updated", task_id=task, changed=["created"], status=message.status)
    shown = {**row, "closed_reason": None, "created_at": ctx.now, "updated_at": ctx.now}
    return await store.answer(ctx, shown)
