"""Queue the analysis of conversations that have changed and settled, and summaries of chats; close what is idle."""

from typing import Any

import msgspec
from needlework.bus.clock import SECOND, rfc3339
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations import store
from needlework.handlers.conversations.messages import SummariseChat, TickConversations
from needlework.handlers.labels.messages import AnalyseConversationNote
from needlework.handlers.system.messages import RequireTicks, TickSettings
from needlework.handlers.ticks import Tally, keep, milliseconds, tally
from needlework.handlers.times import DAY, MINUTE

PAGE = 500
OVERDUE = 15 * MINUTE
"""After this time a conversation that never falls quiet is analysed all the same, and a queued one again."""
IDLE = 7 * DAY


@subscribe(TickConversations, runner="system")
async def tick(message: TickConversations, ctx: Context) -> dict[str, Any]:
    """Each step, a page at a time. What was queued here is not queued again by the next tick."""
    started = ctx.clock.monotonic()
    settings: TickSettings = await ctx.query(RequireTicks())
    counted = tally(ctx, "conversations_queued", "closed", "summaries_queued")
    while await _queue(ctx, counted, settings.settle_seconds * SECOND) == PAGE:
        await keep(ctx, counted)
    await keep(ctx, counted)
    while await _close(ctx, counted) == PAGE:
        await keep(ctx, counted)
    await keep(ctx, counted)
    while await _summarise(ctx, counted) == PAGE:
        await keep(ctx, counted)
    queued = counted.counts["conversations_queued"] + counted.counts["summaries_queued"]
    batch = {"batch_id": counted.batch if queued else None}
    return {**counted.counts, **batch, "duration_ms": milliseconds(ctx, started)}


async def _queue(ctx: Context, counted: Tally, settle: int) -> int:
    now = ctx.now
    rows = await ctx.db.all(
        store.sql("unanalyzed", workspace=ctx.workspace.id, settled=now - settle, overdue=now - OVERDUE, limit=PAGE)
    )
    ids = [row["id"] for row in rows]
    for conversation in ids:
        ctx.publish(AnalyseConversationNote(conversation_fs_id=conversation), batch=counted.batch)
    if ids:
        ctx.write(store.sql("mark_queued", workspace=ctx.workspace.id, now=now, ids=_json(ids)))
    counted.counts["conversations_queued"] += len(ids)
    return len(ids)


async def _close(ctx: Context, counted: Tally) -> int:
    idle = ctx.now - IDLE
    rows = await ctx.db.all(store.sql("idle", workspace=ctx.workspace.id, idle=idle, limit=PAGE))
    if rows:
        ids = _json([row["id"] for row in rows])
        ctx.write(store.sql("close_idle", workspace=ctx.workspace.id, idle=idle, now=ctx.now, ids=ids))
    counted.counts["closed"] += len(rows)
    return len(rows)


async def _summarise(ctx: Context, counted: Tally) -> int:
    """The summaries of days and threads of Slack's channels that are over: once, until more is said in them."""
    rows = await ctx.db.all(store.sql("due_windows", workspace=ctx.workspace.id, now=ctx.now, limit=PAGE))
    for row in rows:
        start, thread = rfc3339(row["window_start"]), row["conversation_id"] or None
        message = SummariseChat(channel_id=row["channel_id"], window_start=start, conversation_id=thread)
        ctx.publish(message, batch=counted.batch)
        values = {"seq": row["seq"], "revision": row["revision"], "now": ctx.now}
        ctx.write(store.sql("window_queued", workspace=ctx.workspace.id, **values))
    counted.counts["summaries_queued"] += len(rows)
    return len(rows)


def _json(ids: list[str]) -> str:
    return msgspec.json.encode(ids).decode()
