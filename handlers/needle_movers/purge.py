"""Delete needle movers, for now: they can be restored for a while."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import job, store
from needlework.handlers.needle_movers.messages import PurgeNeedleMovers
from needlework.handlers.tasks.messages import UnlinkTasks
from needlework.handlers.times import parse_range


@subscribe(PurgeNeedleMovers, runner="content")
async def purge(message: PurgeNeedleMovers, ctx: Context) -> dict[str, Any]:
    """Hide the movers, free their evidence, reset its cursors, drop what was only proposed."""
    range_ = parse_range(message.from_, message.until, now=ctx.now, default=ctx.now)
    await job.refuse_while_running(ctx)
    chosen = {"start": range_.start, "end": range_.end, "users": int(message.include_user_created)}
    movers = await ctx.db.all(store.sql("to_purge", workspace=ctx.workspace.id, **chosen))
    deleted = len(movers)
    if message.dry_run or not deleted:
        return {"deleted": deleted, "purge_id": None, "dry_run": message.dry_run}
    id_ = ctx.new_id("purge")
    common = {"workspace": ctx.workspace.id, "purge": id_}
    store.redefine(ctx)
    ctx.write(
        store.sql("purge_movers", deleted, now=ctx.now, **common, **chosen),
        store.sql("keep_purge", now=ctx.now, **common),
        store.sql("forget_cursors", **common),
        store.sql("rescan", workspace=ctx.workspace.id, now=ctx.now),
        store.sql("free_spans", now=ctx.now, **common),
        store.sql("drop_proposed", **common),
    )
    for row in movers:
        ctx.publish(UnlinkTasks(needle_mover_id=row["id"]))
    ctx.audit("needle_movers.purged", id_, f"{deleted} needle movers; restorable for 7 days")
    return {"deleted": deleted, "purge_id": id_, "dry_run": False}
