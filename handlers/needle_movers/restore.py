"""Bring back what a purge deleted."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import job, pool, store
from needlework.handlers.needle_movers.action_messages import ProcessMoverActions
from needlework.handlers.needle_movers.messages import RestoreNeedleMovers


@subscribe(RestoreNeedleMovers, runner="content")
async def restore(message: RestoreNeedleMovers, ctx: Context) -> dict[str, Any]:
    """The movers with their evidence, but for what belongs to another mover by now."""
    found = await ctx.db.one(store.sql("find_purge", workspace=ctx.workspace.id, purge=message.purge_id))
    if found is None:
        raise Refuse(404, "not_found", f"no purge {message.purge_id!r} in this workspace")
    if found["restored_at"] is not None:
        raise Refuse(409, "restored", f"purge {message.purge_id} was restored already")
    if ctx.now - found["created_at"] > store.PURGE_KEPT:
        raise Refuse(409, "expired", f"purge {message.purge_id} is older than 7 days: what it deleted is gone")
    await job.refuse_while_running(ctx)
    common = {"workspace": ctx.workspace.id, "purge": message.purge_id}
    await pool.rematch(ctx)
    for row in await ctx.db.all(store.sql("purged_movers", **common)):
        ctx.publish(ProcessMoverActions(needle_mover_id=row["id"]))  # their suggested tasks went with them
    ctx.write(
        store.sql("mark_restored", 1, now=ctx.now, **common),
        store.sql("drop_taken", **common),
        store.sql("give_back_spans", now=ctx.now, **common),
        store.sql("restore_movers", found["deleted"], now=ctx.now, **common),
    )
    ctx.audit("needle_movers.restored", message.purge_id, f"{found['deleted']} needle movers")
    return {"restored": found["deleted"], "purge_id": message.purge_id}
