"""How each runner is: its depth now, and what died in a period."""

from collections import Counter

from needlework.bus.context import Context
from needlework.bus.dead import COUNTED, DeadLetters, Which, first_line
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import ReadHealth, RunnerHealth
from needlework.handlers.times import DAY, parse_range

ERRORS = 3
"""Errors told of each runner."""


@subscribe(ReadHealth, runner="system")
async def read(message: ReadHealth, ctx: Context) -> list[RunnerHealth]:
    """Of more than 10,000 that died, the newest 10,000 count."""
    range_ = parse_range(message.from_, message.until, now=ctx.now, default=7 * DAY)
    letters = await DeadLetters(ctx.bus, ctx.workspace).newest(Which(start=range_.start, end=range_.end), COUNTED)
    died: dict[str, Counter[str]] = {}
    for letter in letters:
        died.setdefault(ctx.bus.store.names.get(letter["runner"], "?"), Counter())[first_line(letter["error"])] += 1
    names = ("id", "paused", "waiting", "running", "parked", "dead")
    return [
        RunnerHealth(
            **{name: runner[name] for name in names},
            died=died.get(runner["id"], Counter()).total(),
            errors=died.get(runner["id"], Counter()).most_common(ERRORS),
        )
        for runner in await ctx.bus.runners(ctx.workspace)
    ]
