"""Calendars: where two libraries agree on what a file says, we must say exactly that.

    uv run --with ical --with icalevents python -m needlework.benchmarks.quality.calendars [--data FOLDER]

Three are asked: icalendar + recurring-ical-events, which we use, on the file as a whole; `ical`, a parser and a
recurrence engine of its own; `icalevents`, which expands rules by itself. What two of them agree on is the set of
(start, end) of all occurrences in the same window.
"""

import argparse
import contextlib
import json
import warnings
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from needlework.benchmarks.training.sources import DATA
from needlework.bus.clock import micros
from needlework.handlers.formats import ics
from needlework.handlers.formats.occurrences import occurrences

WINDOW = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
Times = list[tuple[int, int]]


def place(value: Any) -> int:
    """A date or a time in microseconds UTC; without a zone it is one of UTC."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    return micros(value.replace(tzinfo=UTC) if value.tzinfo is None else value)


def within(found: list[tuple[int, int]]) -> Times:
    """Those that overlap the window, in order."""
    start, end = map(micros, WINDOW)
    return sorted((a, b) for a, b in found if a < end and (b > start or a == b >= start))


def ours(data: bytes) -> Times:
    """As needlework reads it: an event that cannot be read is told, and the others stand."""
    found = []
    for event in ics.events(ics.decode(data)):
        with contextlib.suppress(ValueError):
            found += [(each.start, each.end) for each in occurrences(event.text, *map(micros, WINDOW))]
    return sorted(found)


def theirs(data: bytes) -> Times:
    """icalendar + recurring-ical-events, the file as a whole."""
    import recurring_ical_events
    from icalendar import Calendar

    found = []
    for calendar in Calendar.from_ical(data, multiple=True):
        span = (WINDOW[0] - timedelta(days=1), WINDOW[1] + timedelta(days=1))
        for each in recurring_ical_events.of(calendar).between(*span):
            found.append((place(each["DTSTART"].dt), place(each["DTEND"].dt)))
    return within(found)


def others(data: bytes) -> Times:
    """`ical`, independent of both."""
    from ical.calendar_stream import CalendarStream

    found = []
    for calendar in CalendarStream.from_ics(data.decode("utf-8-sig")).calendars:
        for each in calendar.timeline_tz(UTC).included(date(1999, 12, 30), date(2030, 1, 2)):
            found.append((place(each.dtstart), place(each.end)))
    return within(found)


def third(data: bytes) -> Times:
    """icalevents: icalendar's parser, dateutil's rules, its own exceptions."""
    from icalevents.icalparser import parse_events

    found = parse_events(
        data, start=WINDOW[0] - timedelta(days=1), end=WINDOW[1] + timedelta(days=1), default_span=None
    )
    return within([(place(each.start), place(each.end)) for each in found])


def attempt(read: Any, data: bytes) -> Times | None:
    """What a reader says, None where it gives up."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(read(data))
    except Exception:
        return None


def verdict(data: bytes) -> str:
    """What became of one file."""
    read = [found for reader in (theirs, others, third) if (found := attempt(reader, data)) is not None]
    mine = attempt(ours, data)
    agreed = [found for number, found in enumerate(read) if found in read[:number]]
    if not agreed:
        return ("no two agree" if len(read) > 1 else "read by one or none") + ("" if mine is None else "; we read it")
    return "agreed, exact" if mine == agreed[0] else "agreed, NOT exact"


def main() -> None:
    """Print the verdicts and the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA / "icalendar")
    found = {path.name: verdict(path.read_bytes()) for path in sorted(parser.parse_args().data.rglob("*.ics"))}
    for name, said in found.items():
        print(f"{said:44} {name}")
    print(json.dumps({"files": len(found), **Counter(found.values())}))


if __name__ == "__main__":
    main()
