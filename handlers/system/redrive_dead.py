"""Let dead letters go again, and stop where they fail again."""

import asyncio
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import FieldError, PublishError, Refuse
from needlework.bus.ids import message_id
from needlework.bus.letters import Redrive
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.audit import account
from needlework.handlers.system.choosing import Chosen, choose, place_of
from needlework.handlers.system.dead_messages import RedriveDead

PAGE = 250
SHOWN = 100
PATCHED = 1000
"""Dead letters that one patch may be for: each is checked before the first goes."""
PATIENCE = 600.0
"""Seconds to wait for what was let go, with `stop_after`; less than the topic's timeout."""
LOOK = 0.1


class Progress(msgspec.Struct):
    """How far a redrive is; the resume point of its work."""

    began: int
    place: list[int] = []
    page: list[list[int]] = []
    """(at, message, runner) about to go: after a crash they are let go again, which does nothing twice."""
    redriven: int = 0
    skipped: int = 0
    failed_again: int = 0
    watched: list[list[int]] = []
    """(message, runner, failures before) that went and have neither ended nor failed again."""
    ids: list[str] = []
    round: int = 0


@subscribe(RedriveDead, runner="system")
async def redrive_dead(message: RedriveDead, ctx: Context) -> dict[str, Any]:
    """Page after page, oldest first, with a resume point before each; those that died since it began stay."""
    state = Progress(ctx.now) if ctx.cursor is None else msgspec.convert(ctx.cursor, Progress)
    chosen = await choose(message, ctx, state.began)
    if message.patch is not None and ctx.cursor is None:
        await _check_patch(message, ctx, chosen)
    if message.preview:
        return await chosen.preview() | ({"first": message.first} if message.first else {})
    total = (await chosen.preview())["count"]
    work = _Work(message, ctx, chosen, state, min(total, message.first or total))
    stopped = await work.run()
    detail = f"{state.redriven} redriven, {state.skipped} skipped" + (f", stopped: {stopped}" if stopped else "")
    ctx.write(account(ctx, message, detail))
    return {
        "redriven": state.redriven, "skipped": state.skipped, "failed_again": state.failed_again, "stopped": stopped,
        "messages": state.ids,
    }  # fmt: skip


async def _check_patch(message: RedriveDead, ctx: Context, chosen: Chosen) -> None:
    """Every payload must fit before the first letter goes. Raises Refuse as a publish would."""
    rows = await chosen.page([], PATCHED + 1)
    if len(rows) > PATCHED:
        detail = f"one patch is for at most {PATCHED} dead letters; choose fewer"
        raise Refuse(422, "too_many", detail, errors=[FieldError("patch", detail)])
    for row in rows:
        if chosen.dead.takers(row):
            try:
                await chosen.dead.patched(row, message.patch or {}, ctx.principal)
            except PublishError as error:
                ident = chosen.dead.shown(row)["id"]
                raise Refuse(error.status, error.code, f"{ident}: {error.detail}",
                             errors=[FieldError("patch", error.detail)]) from error  # fmt: skip


class _Work:
    """One redrive under way."""

    def __init__(self, message: RedriveDead, ctx: Context, chosen: Chosen, state: Progress, total: int) -> None:
        self._message, self._ctx, self._chosen, self._state, self._total = message, ctx, chosen, state, total
        self._deadline = ctx.clock.monotonic() + PATIENCE

    async def run(self) -> str | None:
        """Until all went; why it stopped before, or None."""
        state, most = self._state, self._message.first or 1 << 62
        again = bool(state.page)
        if self._ctx.cursor is None:
            self._ctx.write(account(self._ctx, self._message, "begun"))
        while True:
            if stopped := await self._watch():
                return stopped
            if again:
                rows = [row for place in state.page for row in await self._row(place)]
            else:
                rows = await self._chosen.page(state.place, min(self._size(), most - state.redriven))
                if not rows or state.redriven >= most:
                    return None
                state.page = [place_of(row) for row in rows]
                state.place = state.page[-1]
                await self._keep()
            await self._let_go(rows, again)
            again = False
            await self._keep()
            await self._ctx.progress(state.redriven, of=max(self._total, state.redriven), note="redriven")

    def _size(self) -> int:
        """With `stop_after` few at first, then twice as many after each round that went well."""
        limit = self._message.stop_after
        if limit is None:
            return PAGE
        return min(PAGE, max(1, limit - self._state.failed_again) << min(self._state.round, 8))

    async def _keep(self) -> None:
        await self._ctx.commit(cursor=msgspec.to_builtins(self._state))

    async def _let_go(self, rows: list[Any], again: bool) -> None:
        """Let the page go, and note what to look after."""
        state, dead = self._state, self._chosen.dead
        takers = [row for row in rows if dead.takers(row)]
        state.skipped += len(rows) - len(takers)
        letters = [await self._letter(row) for row in takers]
        went = await self._ctx.bus.store.redrive(letters)
        for row, letter, seq in zip(takers, letters, went, strict=True):
            if seq is None:
                state.skipped += 1
                continue
            state.redriven += 1
            if len(state.ids) < SHOWN:
                created = row["created"] if letter.patched is None else await self._created(seq)
                state.ids.append(message_id(seq, created))
            if self._message.stop_after is not None:
                state.watched.append([seq, row["runner"], row["failures"] if letter.patched is None else 0])
        if again:  # what went before the crash counts, and is not looked after
            state.redriven += len(state.page) - len(rows)
        state.page = []

    async def _row(self, place: list[int]) -> list[Any]:
        found = await self._chosen.page([place[0], place[1], place[2] - 1], 1)
        return [row for row in found if place_of(row) == place]

    async def _created(self, seq: int) -> int:
        return int(await self._ctx.db.value(Statement("SELECT created FROM messages WHERE seq = ?", (seq,))))

    async def _letter(self, row: Any) -> Redrive:
        dead, by, patch = self._chosen.dead, self._ctx.principal, self._message.patch
        return dead.redrive(row, by) if patch is None else await dead.patched(row, patch, by)

    async def _watch(self) -> str | None:
        """Wait until what went has ended or failed again; why to stop, or None."""
        state, limit = self._state, self._message.stop_after
        if not state.watched:
            return None
        failed_before = state.failed_again
        while state.watched:
            for seen in list(state.watched):
                failed = await self._chosen.dead.failed_again(*seen)
                if failed is not None:
                    state.watched.remove(seen)
                    state.failed_again += failed
            if limit is not None and state.failed_again >= limit:
                return "failures"
            if state.watched and self._ctx.clock.monotonic() > self._deadline:
                return "undecided"
            if state.watched:
                over = asyncio.Event()
                self._ctx.clock.call_later(LOOK, over.set)
                await over.wait()
        state.round = state.round + 1 if state.failed_again == failed_before else 0
        return None
