"""Delete suggested tasks."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import filtered
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import DeleteSuggestedTasks
from needlework.handlers.ticks import keep, tally
from needlework.handlers.times import DAY, parse_time

PAGE = 500
KEPT = 30 * DAY
"""How long a deleted suggestion stays away."""


@subscribe(DeleteSuggestedTasks, runner="tasks")
async def delete_suggested(message: DeleteSuggestedTasks, ctx: Context) -> dict[str, Any]:
    """Suggestions that match every filter given, never a task that somebody accepted."""
    counted = tally(ctx, "deleted")
    while ids := await delete_page(ctx, message):
        counted.counts["deleted"] += len(ids)
        await keep(ctx, counted)
    deleted = counted.counts["deleted"]
    if deleted:
        ctx.audit("task.suggestions_deleted", "tasks", f"{deleted} suggestions")
    return {"deleted": deleted}


async def delete_page(ctx: Context, message: DeleteSuggestedTasks, *, keep_away: bool = True) -> list[str]:
    """Collect the deletion of a page of suggestions; their ids."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    ids = store.json_list([row["id"] for row in rows])
    workspace, now = ctx.workspace.id, ctx.now
    if rows:
        until = now + (KEPT if keep_away else 0)
        prints = store.json_list(sorted({row["fingerprint"] for row in rows}) if keep_away else [])
        ctx.write(store.sql("keep_fingerprints", workspace=workspace, until=until, now=now, ids=prints))
        ctx.write(store.sql("free_evidence", workspace=workspace, until=until, now=now, ids=ids))
        ctx.write(store.sql("delete_labels", workspace=workspace, ids=ids))
        ctx.write(store.sql("delete_tasks", len(rows), workspace=workspace, ids=ids))
    return [row["id"] for row in rows]


def statement(message: DeleteSuggestedTasks, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    filters = {
        "filter_source": message.source,
        "filter_mover": message.needle_mover_id,
        "filter_before": message.before,
    }
    values = {
        "workspace": workspace,
        "source": message.source,
        "mover": message.needle_mover_id,
        "before": parse_time(message.before, "before"),
        "limit": PAGE,
    }
    return filtered(store.sql, "deletable", filters, values)
