"""A needle mover is gone, or part of another: its tasks follow."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.delete_suggested import delete_page
from needlework.handlers.tasks.messages import DeleteSuggestedTasks, UnlinkTasks


@subscribe(UnlinkTasks, runner="tasks")
async def unlink(message: UnlinkTasks, ctx: Context) -> dict[str, int]:
    """Suggestions of a mover that is gone are deleted without being kept away; accepted tasks stay."""
    deleted, chosen = 0, DeleteSuggestedTasks(needle_mover_id=message.needle_mover_id)
    while message.into is None and (ids := await delete_page(ctx, chosen, keep_away=False)):
        deleted += len(ids)
        await ctx.commit()
    values = {"mover": message.needle_mover_id, "into": message.into, "now": ctx.now}
    ctx.write(store.sql("unlink_mover", workspace=ctx.workspace.id, **values))
    return {"deleted": deleted}
