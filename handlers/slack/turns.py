"""Whose turn it is: about one message a second in a channel, older versions first, patience where Slack asks for it."""

from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import Retry
from needlework.handlers.slack import store
from needlework.handlers.slack.store import Row

APART = SECOND
"""Microseconds between two messages of a channel."""
FARTHEST = 3_600 * SECOND
"""A turn that lies farther ahead stems from a clock that was set, and counts for nothing."""
AGAIN = 5.0
"""Seconds until an older version is looked at again."""
STALE = 300 * SECOND
"""So long after its last attempt an older version is certainly not at work any more."""


async def wait_for_older(ctx: Context, row: Row, older: list[Row]) -> Row | None:
    """Skip the older versions that were not begun; the one that nobody works on and of which nothing is known.

    Raises Retry while Slack is being asked for one of them.
    """
    for each in older:
        if each["status"] != "pending":
            continue
        if each["flight"] != "none" and ctx.now - each["attempted_at"] < STALE:
            raise Retry(f"version v{each['note_version']} is on its way", after=AGAIN)
        if each["flight"] == "post":
            return each
        ctx.write(store.decide(ctx, each, "skipped", error=f"superseded by v{row['note_version']}"))
    return None


async def take_turn(ctx: Context, row: Row, channel: Row) -> None:
    """Return when it is this delivery's turn in its channel. Raises Retry until then; the turn is kept."""
    now, slot = ctx.now, row["slot"]
    if slot is None or slot > now + FARTHEST or _held(channel, now) > now:
        seen = channel["next_at"]
        slot = max(now, _held(channel, now), seen if seen <= now + FARTHEST else 0)
        place = {"workspace": ctx.workspace.id, "channel": row["channel_id"], "now": now}
        ctx.write(store.sql("take_slot", 1, seen=seen, next=slot + APART, **place))
        ctx.write(store.change(ctx, "give_slot", row, slot=slot))
        await ctx.commit()
    if slot > now:
        raise Retry("another message of this channel goes first", after=(slot - now) / SECOND)


def _held(channel: Row, now: int) -> int:
    until: int = channel["hold_until"]
    return until if until <= now + FARTHEST else 0


async def hold(ctx: Context, row: Row, seconds: float) -> None:
    """Collect that the channel waits, for all that is to be sent there."""
    until = ctx.now + round(seconds * SECOND)
    place = {"workspace": ctx.workspace.id, "channel": row["channel_id"], "now": ctx.now}
    ctx.write(store.sql("hold_channel", until=until, **place))
