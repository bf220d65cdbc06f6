"""Queue the analysis of notes that have none of their current version; make old drafts final."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels.messages import AnalyseConversationNote
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import TickNotes
from needlework.handlers.system.messages import RequireTicks
from needlework.handlers.ticks import Tally, keep, milliseconds, tally
from needlework.handlers.times import DAY, MINUTE

PAGE = 500
DRAFT_FOR = DAY
"""A draft that nobody touches for so long is final."""
OVERDUE = 15 * MINUTE
"""After this time an analysis that was queued and has not come is queued again."""


@subscribe(TickNotes, runner="system")
async def tick(message: TickNotes, ctx: Context) -> dict[str, Any]:
    """Both steps, a page at a time. A version that was queued is not queued again by the next tick."""
    started = ctx.clock.monotonic()
    await ctx.query(RequireTicks())
    counted = tally(ctx, "notes_queued", "finalised")
    while await _finalise(ctx, counted) == PAGE:
        await keep(ctx, counted)
    await keep(ctx, counted)
    while await _queue(ctx, counted) == PAGE:
        await keep(ctx, counted)
    batch = {"batch_id": counted.batch if counted.counts["notes_queued"] else None}
    return {**counted.counts, **batch, "duration_ms": milliseconds(ctx, started)}


async def _finalise(ctx: Context, counted: Tally) -> int:
    values = {"workspace": ctx.workspace.id, "before": ctx.now - DRAFT_FOR}
    rows = await ctx.db.all(store.sql("old_drafts", limit=PAGE, **values))
    if rows:
        ids = store.json_list([row["id"] for row in rows])
        ctx.write(store.sql("finalise", ids=ids, **values))
    counted.counts["finalised"] += len(rows)
    return len(rows)


async def _queue(ctx: Context, counted: Tally) -> int:
    workspace, now = ctx.workspace.id, ctx.now
    rows = await ctx.db.all(store.sql("unanalyzed", workspace=workspace, overdue=now - OVERDUE, limit=PAGE))
    for row in rows:
        message = AnalyseConversationNote(note_id=row["id"], note_version=f"v{row['current_version']}")
        ctx.publish(message, batch=counted.batch)
        ctx.write(store.sql("mark_queued", workspace=workspace, id=row["id"], version=row["current_version"], now=now))
    counted.counts["notes_queued"] += len(rows)
    return len(rows)
