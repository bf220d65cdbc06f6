"""Count the tasks in each status."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import CountTasks


@subscribe(CountTasks, runner="content")
async def count(message: CountTasks, ctx: Context) -> dict[str, int]:
    """A status that no task has is left out."""
    rows = await ctx.db.all(store.sql("count_tasks", workspace=ctx.workspace.id))
    return {row["status"]: row["tasks"] for row in rows}
