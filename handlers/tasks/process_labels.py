"""Judge tasks and turn labels into suggestions at once: an operation for tests, which goes after 10 October 2025."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks import store
from needlework.handlers.tasks.from_labels import SUGGESTING, suggest_from
from needlework.handlers.tasks.judging import judge
from needlework.handlers.tasks.messages import ProcessTaskLabels
from needlework.handlers.ticks import keep, milliseconds, tally


@subscribe(ProcessTaskLabels, runner="tasks")
async def process_labels(message: ProcessTaskLabels, ctx: Context) -> dict[str, Any]:
    """Suggestions from contents not tried yet, then the judgement of tasks; with `task_ids` only these are judged."""
    started = ctx.clock.monotonic()
    counted = tally(ctx, "processed", "suggested", "updated")
    if message.task_ids is None:
        values = {"ids": store.json_list(list(SUGGESTING)), "now": ctx.now, "limit": message.limit}
        for row in await ctx.db.all(store.sql("untried", workspace=ctx.workspace.id, **values)):
            found = await suggest_from(ctx, row["content_type"], row["content_id"])
            counted.counts["suggested"] += found["created"]
            await keep(ctx, counted)
    for row in await _tasks(ctx, message):
        counted.counts["processed"] += 1
        counted.counts["updated"] += await judge(ctx, row)
        await keep(ctx, counted)
    return {**counted.counts, "duration_ms": milliseconds(ctx, started)}


async def _tasks(ctx: Context, message: ProcessTaskLabels) -> list[store.Row]:
    """Those asked for. Raises Refuse 404 naming one that is not there."""
    if message.task_ids is None:
        return await ctx.db.all(store.sql("unlabelled", workspace=ctx.workspace.id, limit=message.limit))
    rows = []
    for task in dict.fromkeys(message.task_ids[: message.limit]):
        row = await ctx.db.one(store.sql("find_task", workspace=ctx.workspace.id, id=task))
        if row is None:
            problem = f"no task {task!r} in this workspace"
            raise Refuse(404, "not_found", problem, errors=[FieldError("task_ids", problem)])
        rows.append(row)
    return rows
