"""Who has tasks: to choose one of them where tasks are listed or given to somebody."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import ListTaskOwners


@subscribe(ListTaskOwners, runner="content")
async def list_owners(message: ListTaskOwners, ctx: Context) -> dict[str, int]:
    """Who has none is left out, and so are tasks that nobody has."""
    rows = await ctx.db.all(store.sql("count_owners", workspace=ctx.workspace.id))
    return {row["assignee"]: row["tasks"] for row in rows}
