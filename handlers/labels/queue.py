"""Put (content, label) pairs into the queue, without analysing anything."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels import store
from needlework.handlers.labels.definitions import LabelDefinition
from needlework.handlers.labels.messages import ContentType, LabelContent, QueueContentLabels
from needlework.handlers.ticks import Tally, keep, milliseconds, tally
from needlework.handlers.times import DAY, Range, parse_range

PAGE = 500
PAGES: dict[ContentType, tuple[str, str]] = {
    "conversation": ("conversations_in_range", "named_conversations"),
    "note": ("notes_in_range", "named_notes"),
}
"""Queries: those of a range, those named."""


@subscribe(QueueContentLabels, runner="system")
async def queue(message: QueueContentLabels, ctx: Context) -> dict[str, Any]:
    """A pair waits once, however often it is queued. Raises Refuse 404 for an unknown content, 422 for a label."""
    started = ctx.clock.monotonic()
    counted = tally(ctx, "queued", "already_queued", "started_at")
    now = counted.counts["started_at"] = counted.counts["started_at"] or ctx.now
    definitions = await store.chosen(ctx, message.labels)
    range_ = parse_range(message.from_, message.until, now=now, default=30 * DAY)
    for type_ in PAGES:
        if message.content_type in (None, type_):
            async for rows in _contents(message, ctx, type_, range_):
                await _queue(message, ctx, counted, type_, rows, definitions)
                await keep(ctx, counted)
    queued = counted.counts["queued"]
    counts = {"queued": queued, "already_queued": counted.counts["already_queued"]}
    return {**counts, "batch_id": counted.batch if queued else None, "duration_ms": milliseconds(ctx, started)}


async def _contents(
    message: QueueContentLabels, ctx: Context, type_: ContentType, range_: Range
) -> AsyncIterator[Sequence[store.Row]]:
    """Pages of the contents meant, those of one type."""
    ranged, named = PAGES[type_]
    workspace = ctx.workspace.id
    if message.content_ids is not None:
        mine = [each for each in message.content_ids if type_ == message.content_type or _is(type_, each)]
        rows = await ctx.db.all(store.sql(named, workspace=workspace, ids=_json(mine)))
        gone = set(mine) - {row["id"] for row in rows}
        if gone:
            problem = f"no {type_} {min(gone)!r} in this workspace"
            raise Refuse(404, "not_found", problem, errors=[FieldError("content_ids", problem)])
        yield rows
        return
    at, after = range_.start - 1, "~"
    while True:
        values = {"at": at, "id": after, "end": range_.end, "limit": PAGE}
        rows = await ctx.db.all(store.sql(ranged, workspace=workspace, **values))
        yield rows
        if len(rows) < PAGE:
            return
        at, after = rows[-1]["at"], rows[-1]["id"]


def _is(type_: ContentType, id_: str) -> bool:
    return id_.startswith("note_") == (type_ == "note")


async def _queue(
    message: QueueContentLabels,
    ctx: Context,
    counted: Tally,
    type_: ContentType,
    rows: Sequence[store.Row],
    definitions: Sequence[LabelDefinition],
) -> None:
    """Collect the pairs of one page, and a message for each content that has some."""
    values = {"workspace": ctx.workspace.id, "type": type_}
    pairs = await ctx.db.all(store.sql("pairs_of", ids=_json([row["id"] for row in rows]), **values))
    known = {(pair["content_id"], pair["label_key"]): pair for pair in pairs}
    changed = await store.redefined(ctx)
    fresh: list[tuple[str, str]] = []
    for row in rows:
        for each in definitions:
            pair = known.get((row["id"], each.key))
            if pair is not None and pair["queued_at"] is not None:
                counted.counts["already_queued"] += 1
            elif not message.only_missing or _missing(row, pair, each, changed.get(each.key, 0)):
                fresh.append((row["id"], each.key))
    if message.limit is not None:
        fresh = fresh[: message.limit - counted.counts["queued"]]
    ctx.write(store.sql("queue_pairs", ids=_json(fresh), now=ctx.now, **values))
    for content in dict.fromkeys(content for content, _ in fresh):
        ctx.publish(LabelContent(content_type=type_, content_id=content), batch=counted.batch)
    counted.counts["queued"] += len(fresh)


def _missing(row: store.Row, pair: store.Row | None, definition: LabelDefinition, changed_at: int) -> bool:
    """Was this label never looked for in the content as it is, under its definition as it is?"""
    if not row["stale"] and changed_at <= (row["analyzed_at"] or 0):
        return False
    done = (row["version"], definition.version)
    return pair is None or (pair["content_version"], pair["definition_version"]) != done


def _json(values: Sequence[Any]) -> str:
    return msgspec.json.encode(values).decode()
