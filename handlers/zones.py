"""The workspace's time zone, for everything that means a day or a time of day there."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from needlework.bus.clock import SECOND, micros
from needlework.bus.context import Context
from needlework.handlers.times import Range

LAST = micros(datetime.max.replace(tzinfo=UTC))
"""The last microsecond that can be written as a time."""


def workspace_zone(ctx: Context) -> str:
    """The IANA name that the workspace's configuration states, UTC where it states none."""
    return str(ctx.bus.workspaces.configs.get(ctx.workspace.id, {}).get("timezone", "UTC"))


def day_of(at: int, zone: ZoneInfo) -> Range:
    """The day in `zone` to which a moment (microseconds) belongs; the last one ends where times do."""
    midnight = wall_of(datetime.fromtimestamp(at // SECOND, UTC), zone).replace(
        hour=0, minute=0, second=0, microsecond=0, tzinfo=None
    )
    last = midnight.date() == datetime.max.date()
    return Range(instant(midnight, zone), LAST if last else instant(midnight + timedelta(days=1), zone))


def wall_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """An aware moment as a clock in `zone` shows it; its last one where the year 10000 has begun there."""
    try:
        return moment.astimezone(zone)
    except OverflowError:  # east of Greenwich
        return datetime.max.replace(tzinfo=zone)


def instant(wall: datetime, zone: ZoneInfo) -> int:
    """When the wall clock shows `wall`; where a change of the clocks skips it, the first moment after."""
    early, late = (micros(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return max(early, late) if early > late else early
