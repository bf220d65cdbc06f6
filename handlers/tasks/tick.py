"""Upkeep of tasks, a page at a time: judge what changed, expire, mark overdue, close what is closed, merge."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from anyio import to_thread
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import RequireTicks
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import LabelTasks, TickTasks
from needlework.handlers.tasks.offers import NEAR
from needlework.handlers.tasks.owners import same_person
from needlework.handlers.ticks import Tally, keep, milliseconds, tally
from needlework.handlers.times import DAY

PAGE = 500
EXPIRES = 30 * DAY
"""After this time a suggestion that nobody has looked at is no use."""


@subscribe(TickTasks, runner="tasks")
async def tick(message: TickTasks, ctx: Context) -> dict[str, Any]:
    """Each step until it finds nothing more; a second tick at once does nothing but queue what still waits."""
    started = ctx.clock.monotonic()
    await ctx.query(RequireTicks())
    counted = tally(ctx, "labels_queued", "expired", "synced", "merged", "overdue")
    day = await store.today(ctx)
    while await _expire(ctx, counted) or await _sync(ctx, counted) or await _mark_overdue(ctx, counted, day):
        await keep(ctx, counted)
    await _merge(ctx, counted)
    await keep(ctx, counted)
    await _queue(ctx, counted)
    ctx.write(store.sql("forget_fingerprints", workspace=ctx.workspace.id, now=ctx.now))
    batch = {"batch_id": counted.batch if counted.counts["labels_queued"] else None}
    return {**counted.counts, **batch, "duration_ms": milliseconds(ctx, started)}


async def _queue(ctx: Context, counted: Tally) -> None:
    """The judgement of tasks that were not judged as they are; one that waits already is not doubled."""
    rows = await ctx.db.all(store.sql("unlabelled", workspace=ctx.workspace.id, limit=PAGE))
    for row in rows:
        ctx.publish(LabelTasks(task_id=row["id"]), batch=counted.batch)
    counted.counts["labels_queued"] += len(rows)


async def _expire(ctx: Context, counted: Tally) -> int:
    values = {"before": ctx.now - EXPIRES, "limit": PAGE}
    rows = await ctx.db.all(store.sql("expired", workspace=ctx.workspace.id, **values))
    return _apply(ctx, counted, "expired", "expire", rows, "task.expired")


async def _sync(ctx: Context, counted: Tally) -> int:
    """A task whose issue was closed on GitHub is done."""
    rows = await ctx.db.all(store.sql("closed_outside", workspace=ctx.workspace.id, limit=PAGE))
    return _apply(ctx, counted, "synced", "finish", rows, "task.done")


async def _mark_overdue(ctx: Context, counted: Tally, day: date) -> int:
    values = {"today": day.isoformat(), "limit": PAGE}
    rows = await ctx.db.all(store.sql("newly_overdue", workspace=ctx.workspace.id, **values))
    return _apply(ctx, counted, "overdue", "mark_overdue", rows, "task.overdue")


def _apply(ctx: Context, counted: Tally, count: str, query: str, rows: Sequence[store.Row], action: str) -> int:
    ids = [row["id"] for row in rows]
    if ids:
        ctx.write(store.sql(query, workspace=ctx.workspace.id, now=ctx.now, ids=store.json_list(ids)))
        for task in ids:
            ctx.audit(action, task)
            ctx.tell("task.updated", task_id=task, changed=[count])
    counted.counts[count] += len(ids)
    return len(ids)


async def _merge(ctx: Context, counted: Tally) -> None:
    """Suggestions of one account that say nearly the same: the oldest stays and takes what proves the others."""
    rows = await ctx.db.all(store.sql("suggestions", workspace=ctx.workspace.id))
    groups: dict[tuple[Any, Any], list[store.Row]] = {}
    for row in rows:
        groups.setdefault((row["account_id"], row["encoder"]), []).append(row)
    for group in groups.values():
        for kept, gone in await to_thread.run_sync(_pairs, group):  # thousands are a second of arithmetic
            store.join(ctx, gone, into=kept["id"])
            counted.counts["merged"] += 1


def _pairs(group: Sequence[store.Row]) -> list[tuple[store.Row, store.Row]]:
    """(the one that stays, the one that goes) for each duplicate in order of age."""
    if len(group) < 2:
        return []
    vectors = np.frombuffer(b"".join(row["vector"] for row in group), dtype=np.float32).reshape(len(group), -1)
    kept, places = np.empty_like(vectors), list[int]()
    pairs = []
    for at, vector in enumerate(vectors):
        cosines = kept[: len(places)] @ vector
        best = int(np.argmax(cosines)) if places else -1
        first = group[places[best]] if places else None
        if first is not None and cosines[best] >= NEAR and _may_be_one(first["assignee"], group[at]["assignee"]):
            pairs.append((first, group[at]))
        else:
            kept[len(places)] = vector
            places.append(at)
    return pairs


def _may_be_one(one: str | None, other: str | None) -> bool:
    """Whether a task of `one` may be one of `other`."""
    return one is None or other is None or same_person(one, other)
