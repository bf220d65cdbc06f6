"""Change a task."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import LabelTasks, Task, UpdateTask
from needlework.handlers.words import clean


@subscribe(UpdateTask, runner="content")
async def update(message: UpdateTask, ctx: Context) -> Task:
    """Save what differs; the same again changes nothing. What it says anew is judged anew."""
    row = await store.existing(ctx, message.id)
    names = ("title", "body", "status", "assignee", "due_on", "account_id", "external_ref")
    given = {name: getattr(message, name) for name in names}
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not msgspec.UNSET}
    for name in ("title", "body"):
        if name in fields:
            fields[name] = clean(fields[name]).strip()
    if fields.get("due_on") is not None:
        fields["due_on"] = fields["due_on"].isoformat()
    if fields.get("title", row["title"]) != row["title"]:
        fields["vector"], fields["encoder"] = await store.vector(fields["title"])
    if fields.get("status", row["status"]) != row["status"]:
        fields["closed_reason"] = "user" if fields["status"] in ("done", "dismissed") else None
    changed = store.change(ctx, row, **fields)
    if changed["revision"] != row["revision"]:
        ctx.audit("task.updated", message.id, ", ".join(sorted(name for name in fields if name in names)))
        if changed["labelled_hash"] == "":
            ctx.publish(LabelTasks(task_id=message.id))
    return await store.answer(ctx, changed)
