"""Work on many unfinished messages: runner by runner, page by page, with a resume point behind each page."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.topicfile import nearest
from needlework.bus.unfinished import Kind, Unfinished, Where
from needlework.handlers.system.audit import account
from needlework.handlers.system.bulk_messages import CancelMessages, ChosenMessages, RetryMessages
from needlework.handlers.system.choosing import check_choice
from needlework.handlers.times import parse_range

PAGE = 200
COUNTED = 10_000
"""Messages that a preview counts; of more it says so."""


class Done(msgspec.Struct):
    """How far the work is: which list of which runner, and where in it."""

    began: int
    stage: int = 0
    place: list[int] = []
    looked: int = 0
    done: int = 0


class Bulk:
    """One piece of work on the messages that `message` means."""

    def __init__(self, message: CancelMessages | RetryMessages, ctx: Context, kinds: tuple[Kind, ...]) -> None:
        self._message, self._ctx = message, ctx
        self.state = Done(ctx.now) if ctx.cursor is None else msgspec.convert(ctx.cursor, Done)
        self.unfinished = Unfinished(ctx.bus, ctx.workspace, _where(message, ctx, self.state.began), self.state.began)
        self._stages: list[tuple[Kind, int]] = [
            (kind, lane.number) for lane in self.unfinished.lanes() for kind in kinds
        ]

    async def preview(self, fits: Callable[[int, Any], bool]) -> dict[str, Any]:
        """How many messages they are, by topic; counted exactly up to some thousands."""
        found: dict[int, str] = {}
        for kind, runner in self._stages:
            place: list[int] = []
            while len(found) <= COUNTED and (rows := await self.unfinished.page(kind, runner, place, 1000)):
                place = _place(rows[-1])
                names = self._ctx.bus.store.names
                found |= {row["message"]: names.get(row["topic"], "?") for row in rows if fits(runner, row)}
        topics = Counter(list(found.values())[:COUNTED])
        groups = [{"topic": topic, "count": count} for topic, count in topics.most_common()]
        return {"preview": True, "count": min(len(found), COUNTED), "more": len(found) > COUNTED, "groups": groups}

    async def run(self, work: Callable[[int, list[Any]], Awaitable[int]], note: str) -> int:
        """Do `work` (runner, rows) on every page; how many messages it changed."""
        state, ctx = self.state, self._ctx
        if ctx.cursor is None:
            ctx.write(account(ctx, self._message, "begun"))
        while state.stage < len(self._stages):
            kind, runner = self._stages[state.stage]
            rows = await self.unfinished.page(kind, runner, state.place, PAGE)
            if rows:
                state.done += await work(runner, rows)
                state.looked, state.place = state.looked + len(rows), _place(rows[-1])
            else:
                state.stage, state.place = state.stage + 1, []
            await ctx.commit(cursor=msgspec.to_builtins(state))
            if rows:
                await ctx.progress(state.done, note=note)
        ctx.write(account(ctx, self._message, f"{state.done} {note}"))
        return state.done


def _place(row: Any) -> list[int]:
    return [row["priority"], row["due"], row["message"]]


def _where(message: ChosenMessages, ctx: Context, began: int) -> Where:
    runner = getattr(message, "runner", None)
    state = getattr(message, "state", None)
    filters = (message.topic, message.batch, message.from_, message.until, runner, state)
    check_choice({"a filter": any(each is not None for each in filters), "all": message.all})
    for field, name, known in (("topic", message.topic, ctx.bus.registry.topics),
                               ("runner", runner, ctx.bus.registry.runners)):  # fmt: skip
        if name is not None and name not in known:
            problem = f"no {field} {name!r}{nearest(name, known)}"
            raise Refuse(404, "not_found", problem, errors=[FieldError(field, problem)])
    range_ = parse_range(message.from_, message.until, now=began, default=began)
    return Where(message.topic, message.batch, runner, range_.start, range_.end)
