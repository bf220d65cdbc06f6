"""Hand conversations and notes over to matching where their labels changed."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels.messages import ContentType
from needlework.handlers.needle_movers import spans, store
from needlework.handlers.needle_movers.messages import MatchEntity, NeedleMoverCandidate

PAGE = 500


@subscribe(NeedleMoverCandidate, runner="needle_mover_scheduler")
async def schedule(message: NeedleMoverCandidate, ctx: Context) -> dict[str, Any]:
    """One entity, or a look at all labels that are new since the last look. What was handed over is not again."""
    if message.entity_type is not None and message.entity_id is not None:
        return {"scheduled": await _hand_over(ctx, message.entity_type, message.entity_id, message.version)}
    state = await store.state(ctx)
    newest = await ctx.db.value(store.sql("newest_label", workspace=ctx.workspace.id))
    scheduled, seq, seen = 0, state["scanned_seq"], set[tuple[str, str]]()
    while seq < newest:
        rows = await ctx.db.all(store.sql("new_labels", workspace=ctx.workspace.id, seq=seq, limit=PAGE))
        for row in rows:
            entity = (row["content_type"], row["content_id"])
            if entity not in seen:
                seen.add(entity)
                scheduled += await _hand_over(ctx, *entity, None)
        seq = rows[-1]["seq"] if len(rows) == PAGE else max([newest, *(row["seq"] for row in rows)])
        ctx.write(store.sql("scanned", 1, workspace=ctx.workspace.id, seq=seq, now=ctx.now))
        await ctx.commit()
    await _forget(ctx)
    return {"scheduled": scheduled}


async def _hand_over(ctx: Context, type_: ContentType, id_: str, version: str | None) -> int:
    """Collect the message for an entity whose labels are not those that were handed over last; how many.

    Up to where its labels were looked at is kept, whatever came of it: the next look at all labels leaves it out.
    """
    values = {"workspace": ctx.workspace.id, "type": type_, "id": id_}
    (known,) = await ctx.db.all(store.sql("cursor_of", **values))  # before the labels: what comes between waits
    labels = await spans.labels(ctx, type_, id_)
    name, newest = spans.version_of(labels), known["newest"]
    if (known["version"], known["label_seq"]) != (name, newest):
        cursor = {"cursor": ctx.new_id("nmc"), "version": name, "newest": newest}
        ctx.write(store.sql("put_cursor", now=ctx.now, **cursor, **values))
    if known["version"] == name or (known["version"] is None and not labels):
        return 0
    ctx.publish(MatchEntity(entity_type=type_, entity_id=id_, version=version))
    return 1


async def _forget(ctx: Context) -> None:
    """Purged movers whose time for a restore is over are gone, with their evidence."""
    values = {"workspace": ctx.workspace.id, "before": ctx.now - store.PURGE_KEPT}
    ctx.write(store.sql("forget_evidence", **values), store.sql("forget_movers", **values))
