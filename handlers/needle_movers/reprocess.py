"""Match the labels of a range again, oldest first, telling what becomes of each."""

from typing import Any

import msgspec
from needlework.bus.clock import rfc3339
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels.messages import LabelEvidence, LabelRange, LabelsInRange
from needlework.handlers.needle_movers import index, job, measuring, spans, store
from needlework.handlers.needle_movers.consider import Outcome, consider
from needlework.handlers.needle_movers.match_messages import ReprocessNeedleMovers
from needlework.handlers.needle_movers.process import tell
from needlework.handlers.ticks import milliseconds
from needlework.handlers.times import parse_range

PAGE = 100
MOST_PASSES = 5
TOLD = 10
"""Labels between two reports of how far it is."""
OUTCOMES = ("linked", "moved", "suggested", "created", "unchanged")


class Progress(msgspec.Struct):
    """How far the job is: its range, the place of its page, what is done of that, counts, movers to measure."""

    start: int
    end: int
    total: int
    after: str | None = None
    skip: int = 0
    done: int = 0
    counts: dict[str, int] = {}
    touched: list[str] = []
    again: int = 0
    """How often the range was gone through before: what a new mover called back is matched in the same job."""
    created: int = 0
    measuring: bool = False


@subscribe(ReprocessNeedleMovers, runner="needle_mover_jobs")
async def reprocess(message: ReprocessNeedleMovers, ctx: Context) -> dict[str, Any]:
    """One job a workspace; each label is committed by itself, so that a cancelled job keeps what it did."""
    started = ctx.clock.monotonic()
    await job.refuse_while_running(ctx)
    state = await _begin(message, ctx)
    work = _Work(message, ctx, state)
    if not state.measuring:
        await work.labels()
        state.measuring = True
        await work.keep()
    await work.impacts()
    ctx.write(store.sql("end_job", workspace=ctx.workspace.id, now=ctx.now))
    counts: dict[str, Any] = {name: state.counts.get(name, 0) for name in (*OUTCOMES, "errors")}
    result: dict[str, Any] = {**counts, "duration_ms": milliseconds(ctx, started)}
    await ctx.progress(kind="done", **result)
    return result


async def _begin(message: ReprocessNeedleMovers, ctx: Context) -> Progress:
    if ctx.cursor is not None:
        return msgspec.convert(ctx.cursor, Progress)
    range_ = parse_range(message.from_, message.until, now=ctx.now, default=0)
    known = await store.state(ctx)
    page = await _page(ctx, range_.start, range_.end, None, 1)
    state = Progress(range_.start, range_.end, page.total)
    ctx.write(store.sql("begin_job", 1, workspace=ctx.workspace.id, job=ctx.message_id, seen=known["job"], now=ctx.now))
    ctx.audit("needle_movers.reprocess", rfc3339(range_.start), f"until {rfc3339(range_.end)}: {page.total} labels")
    await ctx.commit(cursor=msgspec.to_builtins(state))
    await ctx.progress(kind="started", total=page.total)
    return state


async def _page(ctx: Context, start: int, end: int, after: str | None, limit: int = PAGE) -> LabelRange:
    asked = LabelsInRange(from_=rfc3339(start), until=rfc3339(end), after=after, limit=limit)
    found: LabelRange = await ctx.query(asked)
    return found


class _Work:
    """One job under way."""

    def __init__(self, message: ReprocessNeedleMovers, ctx: Context, state: Progress) -> None:
        self._message, self._ctx, self._state = message, ctx, state
        self._kept: set[tuple[str, str]] = set()

    async def keep(self) -> None:
        """Commit what was collected, with the place to go on from."""
        await self._ctx.commit(cursor=msgspec.to_builtins(self._state))

    async def labels(self) -> None:
        """Every label of the range, page by page; again while new movers were made, for what waits near them."""
        state = self._state
        while True:
            page = await _page(self._ctx, state.start, state.end, state.after)
            for label in page.items[state.skip :]:
                await self._label(label)
            state.after, state.skip = page.next_after, 0
            if page.next_after is None:
                if not state.created or state.again == MOST_PASSES:
                    break
                state.again, state.created = state.again + 1, 0
        await self._ctx.progress(kind="progress", done=state.done, total=state.total)

    async def _label(self, label: LabelEvidence) -> None:
        state, ctx = self._state, self._ctx
        entity = (label.content_type, label.content_id)
        if label.needle_relevant and entity not in self._kept:
            self._add(await spans.keep(ctx, *entity))
            await self.keep()
            self._kept.add(entity)
        row = await self._row(label) if label.needle_relevant else None
        state.skip += 1
        if row is None and state.again:
            return
        async with index.turn(ctx):
            outcome = Outcome("unchanged") if row is None else await self._consider(label, row)
            if outcome is None:
                return
            self._count(outcome)
            if row is not None:
                tell(ctx, row, outcome)
            await self.keep()
        said: dict[str, Any] = {"needle_mover_id": outcome.mover, "score": outcome.score, "outcome": outcome.outcome}
        place = {"type": label.content_type, "id": label.content_id}
        await ctx.progress(kind="label", content_label_id=label.id, entity=place, **said)
        if state.done % TOLD == 0 and not state.again:
            await ctx.progress(kind="progress", done=state.done, total=state.total)

    async def _consider(self, label: LabelEvidence, row: store.Row) -> Outcome | None:
        """What becomes of a span; None for one that cannot be read, which is told and left as it is."""
        try:
            return await consider(self._ctx, row, await index.load(self._ctx))
        except ValueError:
            if not self._state.again:
                self._state.counts["errors"] = self._state.counts.get("errors", 0) + 1
                self._state.done += 1
                await self._ctx.progress(kind="error", content_label_id=label.id, code="unreadable")
            return None

    def _count(self, outcome: Outcome) -> None:
        """Each label counts once, as what became of it last."""
        state = self._state
        self._add(list(outcome.touched))
        state.created += outcome.created is not None
        state.counts[outcome.outcome] = state.counts.get(outcome.outcome, 0) + 1
        if state.again:
            state.counts["unchanged"] -= 1
        else:
            state.done += 1

    async def _row(self, label: LabelEvidence) -> store.Row | None:
        """The label's span, where there is anything to find out about it."""
        values = {"workspace": self._ctx.workspace.id, "label": label.id, "rematch": int(self._message.rematch)}
        return await self._ctx.db.one(store.sql("reconsidered", **values))

    def _add(self, movers: list[str]) -> None:
        self._state.touched += [each for each in dict.fromkeys(movers) if each not in self._state.touched]

    async def impacts(self) -> None:
        """Measure what was touched, once."""
        measured = await measuring.measure(self._ctx, self._state.touched)
        await self.keep()
        for mover, before, after in measured:
            await self._ctx.progress(kind="impact", needle_mover_id=mover, before=before, after=after)
