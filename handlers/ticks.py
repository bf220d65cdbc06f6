"""What every tick operation shares: ticks that are switched off, and counting with a resume point."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.handlers.system.messages import ReadTickState, TickState


class Tally(msgspec.Struct):
    """How far a tick or queue operation is: its counts, and the batch of what it queued."""

    batch: str
    counts: dict[str, int]
    place: list[Any] = []


async def tick_state(ctx: Context) -> TickState:
    """The workspace's tick settings. Raises Refuse 409 while ticks are disabled."""
    state: TickState = await ctx.query(ReadTickState())
    if state.disabled:
        detail = "ticks are disabled in this workspace" + (f": {state.reason}" if state.reason else "")
        hint = "POST /api/tick/enable lets them run again"
        raise Refuse(
            409, "tick_disabled", detail, reason=state.reason, since=state.since, by=state.by, hint=hint
        )
    return state


def tally(ctx: Context, *names: str) -> Tally:
    """The counts so far: those of the resume point, else zeros and a new batch."""
    if ctx.cursor is not None:
        return msgspec.convert(ctx.cursor, Tally)
    return Tally(ctx.batch or ctx.new_id("batch"), dict.fromkeys(names, 0))


async def keep(ctx: Context, counted: Tally) -> None:
    """Commit what was collected, so that a crash goes on from here."""
    await ctx.commit(cursor=msgspec.to_builtins(counted))


def milliseconds(ctx: Context, started: float) -> int:
    """Milliseconds since `started` (monotonic seconds)."""
    return round((ctx.clock.monotonic() - started) * 1000)
