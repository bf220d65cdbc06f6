"""List dead letters."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.dead import DeadLetters, Which
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, page_of, read_cursor
from needlework.handlers.system.dead_messages import ChosenDead, DeadLetter, ListDead
from needlework.handlers.times import parse_range

LATEST = 1 << 62
PLACE = ("at", "message", "runner")


@subscribe(ListDead, runner="system")
async def list_dead(message: ListDead, ctx: Context) -> Page[DeadLetter]:
    """A page of the dead letters that fit every filter given."""
    dead = DeadLetters(ctx.bus, ctx.workspace)
    place = read_cursor(message.cursor, LATEST, LATEST, LATEST)
    rows = await dead.newest(which(message, ctx), message.limit + 1, place)
    return page_of(rows, message.limit, lambda row: msgspec.convert(dead.shown(row), DeadLetter), *PLACE)


def which(message: ListDead | ChosenDead, ctx: Context, now: int | None = None) -> Which:
    """What the filters of `message` mean; nothing that died after `now`. Raises Refuse 422 for wrong times."""
    now = ctx.now if now is None else now
    range_ = parse_range(message.from_, message.until, now=now, default=now)
    return Which(message.topic, message.runner, message.reason, message.error, range_.start, range_.end)
