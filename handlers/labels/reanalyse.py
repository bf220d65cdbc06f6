"""Queue the analysis of everything that was last active in a range."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels import store
from needlework.handlers.labels.messages import AnalyseConversationNote, ReanalyseLabels, csv_words
from needlework.handlers.system.messages import ReadBatch
from needlework.handlers.ticks import Tally, keep, milliseconds, tally
from needlework.handlers.times import DAY, Range, parse_range

PAGE = 1000
PRIORITY = 8
"""Behind live traffic."""
COUNTS = {"conversations": "count_conversations_in_range", "notes": "count_notes_in_range"}
PAGES = {"conversations": "conversations_in_range", "notes": "notes_in_range"}
TYPES = tuple(PAGES)


@subscribe(ReanalyseLabels, runner="system")
async def reanalyse(message: ReanalyseLabels, ctx: Context) -> dict[str, Any]:
    """One analysis for each entity; those that wait for theirs already are counted, not doubled."""
    started = ctx.clock.monotonic()
    labels = csv_words(message.labels)
    await store.chosen(ctx, labels)
    counted = tally(ctx, "started_at", "conversations", "notes")
    # The range of the first attempt holds after a restart too: "until now" must not move.
    now = counted.counts["started_at"] = counted.counts["started_at"] or ctx.now
    range_ = parse_range(message.from_, message.until, now=now, default=30 * DAY)
    types = [each for each in TYPES if message.type in (None, each)]
    totals = {each: await _count(ctx, each, range_) for each in types}
    if not message.dry_run:
        for each in types:
            await _queue(ctx, counted, each, range_, labels, sum(totals.values()))
        totals = {each: counted.counts[each] for each in types}
    batch = {} if message.dry_run else await ctx.query(ReadBatch(id=counted.batch))
    return {
        **{f"{each}_processed": totals.get(each, 0) for each in TYPES},
        "already_queued": 0 if message.dry_run else sum(totals.values()) - int(batch.get("total", 0)),
        "batch_id": counted.batch if batch else None,
        "dry_run": message.dry_run,
        "duration_ms": milliseconds(ctx, started),
    }


async def _count(ctx: Context, type_: str, range_: Range) -> int:
    values = {"workspace": ctx.workspace.id, "start": range_.start, "end": range_.end}
    return int(await ctx.db.value(store.sql(COUNTS[type_], **values)))


async def _queue(ctx: Context, counted: Tally, type_: str, range_: Range, labels: tuple[str, ...], total: int) -> None:
    """Page through one type; each page's messages commit with the place to go on from."""
    if counted.place and counted.place[0] != type_:
        return  # an earlier attempt has passed this type
    at, after = counted.place[1:] if counted.place else (range_.start - 1, "~")
    while True:
        values = {"workspace": ctx.workspace.id, "at": at, "id": after, "end": range_.end, "limit": PAGE}
        rows = await ctx.db.all(store.sql(PAGES[type_], **values))
        for row in rows:
            ctx.publish(_analysis(type_, row, labels), priority=PRIORITY, batch=counted.batch)
        counted.counts[type_] += len(rows)
        done = len(rows) < PAGE
        at, after = (rows[-1]["at"], rows[-1]["id"]) if rows else (at, after)
        counted.place = [type_, at, after]
        await keep(ctx, counted)
        await ctx.progress(counted.counts["conversations"] + counted.counts["notes"], of=total)
        if done:
            counted.place = []  # of this type; what was kept above still names it
            return


def _analysis(type_: str, row: store.Row, labels: tuple[str, ...]) -> AnalyseConversationNote:
    """What is not analysed as it stands now has its message waiting: an equal one is absorbed by it."""
    again = not row["stale"]
    wanted = labels if again else ()
    if type_ == "conversations":
        return AnalyseConversationNote(conversation_fs_id=row["id"], again=again, labels=wanted)
    version = f"v{row['version']}"
    return AnalyseConversationNote(note_id=row["id"], note_version=version, again=again, labels=wanted)
