"""Days, weeks and months in a time zone, half-open: the start belongs to a period, the end to the next one."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.bus.clock import SECOND
from needlework.handlers.zones import instant


class Period(NamedTuple):
    """`start` inclusive, `end` exclusive, microseconds UTC."""

    start: int
    end: int


def last_ended(cycle: str, now: int, zone: str) -> Period:
    """The latest day, week (from Monday) or month that had ended by `now`; a manual report's is the week."""
    place = ZoneInfo(zone)
    today = datetime.fromtimestamp(now / SECOND, UTC).astimezone(place).replace(tzinfo=None)
    end = _begin(cycle, today)
    return Period(instant(_begin(cycle, end - timedelta(days=1)), place), instant(end, place))


def _begin(cycle: str, moment: datetime) -> datetime:
    """The midnight with which the period of `moment` begins, on the wall clock."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if cycle == "daily":
        return midnight
    return midnight.replace(day=1) if cycle == "monthly" else midnight - timedelta(days=midnight.weekday())


def shown(period: Period, zone: str) -> str:
    """A period for people: days where it is of whole days, else to the minute."""
    place = ZoneInfo(zone)
    start, end = (datetime.fromtimestamp(at / SECOND, UTC).astimezone(place) for at in period)
    if start.time() == end.time() == datetime.min.time():
        last = (end - timedelta(days=1)).date()
        return f"{start.date()} ({zone})" if last == start.date() else f"{start.date()} to {last} ({zone})"
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} ({zone})"
