"""Read one task."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import ReadTask, Task


@subscribe(ReadTask, runner="content")
async def read(message: ReadTask, ctx: Context) -> Task:
    """The task with its text, labels and evidence."""
    return await store.answer(ctx, await store.existing(ctx, message.id))
