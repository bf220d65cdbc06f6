"""When an event of a calendar takes place: recurrences, exceptions and time zones, by the extra `calendar`."""

import re
import warnings
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from needlework.bus.clock import SECOND, micros

INSTALL: Final = "calendars need the extra: pip install 'needlework[calendar]'"
MOST: Final = 5_000
"""Occurrences of one event in one window; more is no event of people."""
LONGEST: Final = 20_000
_DAY: Final = timedelta(days=1)
_TOO_OFTEN: Final = re.compile(r"FREQ=(SECONDLY|MINUTELY)|BYSECOND=[^;]*,|BYMINUTE=(?:[^;,]*,){12}", re.IGNORECASE)
_RULE: Final = re.compile(r"^(RRULE|EXRULE)[;:](.*)$", re.IGNORECASE | re.MULTILINE)
_RECURS: Final = re.compile(r"^(RRULE|RDATE|RECURRENCE-ID)[;:]", re.IGNORECASE | re.MULTILINE)


class Attendee(NamedTuple):
    """Someone who is invited."""

    name: str
    email: str


class Occurrence(NamedTuple):
    """One time at which an event takes place; `start` and `end` in microseconds UTC.

    `recurrence_id` is the time at which it was to take place at first, empty for what happens once: with the
    uid it tells the occurrence from all others, wherever it was moved.
    """

    recurrence_id: str
    start: int
    end: int
    all_day: bool
    tz: str
    title: str
    status: str
    attendees: list[Attendee]
    description: str
    location: str
    sequence: int


class CalendarMissing(Exception):
    """The extra `calendar` is not installed."""


def occurrences(text: str, start: int, end: int, zone: str = "UTC") -> list[Occurrence]:
    """Those of the one event in `text` that overlap [start, end) (microseconds), by their start.

    `zone` is where times without a zone, and whole days, are meant. Raises ValueError with what is wrong with
    the event, CalendarMissing.
    """
    for rule in _RULE.finditer(text):
        if _TOO_OFTEN.search(rule[2]):
            raise ValueError("it recurs more often than every five minutes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, about zones that they do not know
        try:
            return _expanded(text, start, end, ZoneInfo(zone))
        except CalendarMissing:
            raise
        except Exception as error:  # the libraries raise anything for a text that is no calendar
            raise ValueError(_plain(error)) from None


def _expanded(text: str, start: int, end: int, zone: ZoneInfo) -> list[Occurrence]:
    try:
        import recurring_ical_events  # type: ignore[import-untyped]
        from icalendar import Calendar
    except ImportError:
        raise CalendarMissing(INSTALL) from None

    single = not _RECURS.search(text)
    # wider by a day on each side: times without a zone are placed by us
    span = (_moment(start) - _DAY, _moment(end) + _DAY)
    found: dict[str, Occurrence] = {}
    components: Any = recurring_ical_events.of(Calendar.from_ical(text)).between(*span)
    for component in components:
        each = _occurrence(component, zone, single)
        if each.recurrence_id in found:  # RANGE=THISANDFUTURE: one exception stands for many
            each = each._replace(recurrence_id=_identity(component["DTSTART"].dt))
        if each.start < end and (each.end > start or each.start == each.end >= start):
            found[each.recurrence_id] = each
        if len(found) > MOST:
            raise ValueError(f"it takes place more than {MOST} times in a few weeks")
    return sorted(found.values(), key=lambda each: (each.start, each.recurrence_id))


def _occurrence(component: Any, zone: ZoneInfo, single: bool) -> Occurrence:
    first, last = component["DTSTART"].dt, component["DTEND"].dt
    whole = not isinstance(first, datetime)
    start = _placed(first, zone)
    end = max(start, _placed(last, zone))
    status = str(component.get("STATUS", "CONFIRMED")).strip().lower()
    return Occurrence(
        "" if single else _identity(component["RECURRENCE-ID"].dt),
        start,
        end,
        whole,
        zone.key if whole or first.tzinfo is None else _zone_name(component["DTSTART"], first),
        str(component.get("SUMMARY", ""))[:1000],
        status if status in ("confirmed", "tentative", "cancelled") else "confirmed",
        _people(component),
        str(component.get("DESCRIPTION", ""))[:LONGEST],
        str(component.get("LOCATION", ""))[:1000],
        _number(component.get("SEQUENCE", 0)),
    )


def _placed(value: date, zone: ZoneInfo) -> int:
    """A date or a time in microseconds UTC; without a zone of its own it is one of `zone`."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, clock_time())
    if value.tzinfo is None or value.utcoffset() is None:
        value = value.replace(tzinfo=zone)
    return micros(value.astimezone(UTC))


def _identity(value: date) -> str:
    if not isinstance(value, datetime):
        return value.strftime("%Y%m%d")
    if value.tzinfo is None or value.utcoffset() is None:
        return value.strftime("%Y%m%dT%H%M%S")
    return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _zone_name(prop: Any, value: datetime) -> str:
    named = getattr(value.tzinfo, "key", None) or getattr(value.tzinfo, "zone", None)
    return str(named or prop.params.get("TZID") or "UTC")[:100]


def _people(component: Any) -> list[Attendee]:
    given: list[Any] = []
    for name in ("ORGANIZER", "ATTENDEE"):
        value = component.get(name)
        given += value if isinstance(value, list) else [] if value is None else [value]
    found: dict[str, Attendee] = {}
    for each in given:
        address = re.sub(r"(?i)^mailto:", "", str(each)).strip().lower()
        name = str(getattr(each, "params", {}).get("CN", "")).strip()[:200]
        address = address[:320] if "@" in address else ""
        if address or name:
            found.setdefault(address or name, Attendee("" if name.lower() == address else name, address))
    return list(found.values())[:500]


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 31 else 0


def _moment(value: int) -> datetime:
    return datetime.fromtimestamp(value // SECOND, UTC)


def _plain(error: Exception) -> str:
    if isinstance(error, KeyError) and "DTSTART" in str(error):
        return "it has no DTSTART, so nobody knows when it takes place"
    return f"it cannot be read as an event: {error or type(error).__name__}"[:300]
