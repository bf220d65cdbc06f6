"""Make one needle mover a part of another."""

from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import measuring, pool, store
from needlework.handlers.needle_movers.messages import MergeNeedleMovers, NeedleMover
from needlework.handlers.tasks.messages import UnlinkTasks


@subscribe(MergeNeedleMovers, runner="content")
async def merge(message: MergeNeedleMovers, ctx: Context) -> NeedleMover:
    """Move the evidence, mark the one, measure the other anew; answers with the other."""
    if message.id == message.into:
        problem = "a needle mover cannot be merged into itself"
        raise Refuse(422, "same", problem, errors=[FieldError("into", problem)])
    if ctx.cursor is None:  # else the merge was committed already, and only the measuring is left
        row = await store.find_standing(ctx, message.id)
        target = await store.find_standing(ctx, message.into)
        join(ctx, row, target)
        await pool.rematch(ctx)
        await ctx.commit(cursor="merged")
    await measuring.measure(ctx, [message.into])
    await ctx.commit(cursor="merged")
    return store.mover(await store.find(ctx, message.into))


def join(ctx: Context, row: store.Row, target: store.Row) -> None:
    """Collect the merge of mover `row` into mover `target`."""
    values = {"workspace": ctx.workspace.id, "id": row["id"], "into": target["id"], "now": ctx.now}
    ctx.write(
        store.sql("mark_merged", 1, seen=row["revision"], **values),
        store.sql("move_evidence", **values),
        store.sql("drop_evidence", workspace=ctx.workspace.id, id=row["id"]),
        store.sql("move_spans", **values),
        store.sql("free_rejected", workspace=ctx.workspace.id, into=target["id"], now=ctx.now),
        store.sql("touch_standing", 1, workspace=ctx.workspace.id, id=target["id"], now=ctx.now),
    )
    ctx.publish(UnlinkTasks(needle_mover_id=row["id"], into=target["id"]))
    ctx.audit("needle_mover.merged", row["id"], f"into {target['id']}: {target['title']}")
    ctx.tell("needle_mover.updated", needle_mover_id=row["id"], changed=["merged_into"], merged_into=target["id"])
