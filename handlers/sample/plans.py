"""What is ahead in the sample: its calendar of recurring meetings, and the tasks that people wrote down."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from needlework.bus.durations import parse_duration
from needlework.handlers.tasks.messages import CreateTask
from needlework.handlers.times import DAY, MINUTE

_FILE = Path(__file__).with_name("calendar.ics")
_TIME = re.compile(r"@\+(\w+)")
QUARTER = 15 * MINUTE
"""Meetings begin at full quarters of an hour."""


def calendar_text(now: int) -> str:
    """The calendar as an iCalendar file, its times (`@+4h` in ours) counted from the last quarter of an hour."""
    quarter = now // QUARTER * QUARTER

    def moment(found: re.Match[str]) -> str:
        at = (quarter + parse_duration(found[1])) / 1_000_000
        return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")

    return _TIME.sub(moment, _FILE.read_text("utf-8"))


def task(entry: dict[str, Any], now: int, account: str | None) -> CreateTask:
    """One task; `due` is how long after today, or before it with a minus."""
    due = entry.pop("due", None)
    if due is not None:
        after = parse_duration(due.removeprefix("-")) * (-1 if due.startswith("-") else 1)
        entry["due_on"] = datetime.fromtimestamp((now + after) // DAY * DAY / 1_000_000, UTC).date()
    return CreateTask(account_id=account, **entry)
