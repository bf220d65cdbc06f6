"""What operations that queue work share: counting with a resume point."""

from typing import Any

import msgspec
from needlework.bus.context import Context


class Tally(msgspec.Struct):
    """How far a tick or queue operation is: its counts, and the batch of what it queued."""

    batch: str
    counts: dict[str, int]
    place: list[Any] = []


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
