"""Times as callers write them: Unix seconds or RFC 3339 in, integer microseconds UTC inside, RFC 3339 out."""

import math
import re
from datetime import UTC, datetime
from typing import NamedTuple

from needlework.bus.clock import SECOND, micros, rfc3339
from needlework.bus.errors import FieldError, Refuse

Given = int | float | str
Time = int | float | str | None
"""A time in a message: Unix seconds or RFC 3339."""

MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
_MILLISECONDS_FROM = 1e11
_EARLIEST, _LATEST = -30_610_224_000, 253_402_300_799
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class Range(NamedTuple):
    """A half-open range of microseconds: `start` inclusive, `end` exclusive."""

    start: int
    end: int


def read_time(value: Given) -> int:
    """Microseconds of Unix seconds or an RFC 3339 text. Raises ValueError with what to write instead."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return _read_text(value.strip())
    seconds = float(value) if not isinstance(value, int) else value
    if isinstance(value, bool) or not math.isfinite(seconds):
        raise ValueError("a time is Unix seconds or RFC 3339, for example 2024-01-01T12:00:00Z")
    if abs(seconds) > _MILLISECONDS_FROM:
        raise ValueError("times are Unix seconds; this looks like milliseconds: divide it by 1000")
    if not _EARLIEST <= seconds <= _LATEST:
        raise ValueError("this time is outside the years 1000 to 9999")
    return round(seconds * SECOND)


def _read_text(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text[:40]!r} is neither Unix seconds nor RFC 3339, for example 2024-01-01T12:00:00Z"
        ) from None
    # A bare date is the start of that day in UTC; a time of day without a zone says too little.
    if moment.tzinfo is None and len(text) == len("2024-01-01"):
        moment = moment.replace(tzinfo=UTC)
    found = micros(moment)
    if found < _EARLIEST * SECOND:
        raise ValueError("this time is outside the years 1000 to 9999")
    return found


def parse_time(value: Time, field: str) -> int | None:
    """As `read_time`, None for None. Raises Refuse 422 that names `field`."""
    if value is None:
        return None
    try:
        return read_time(value)
    except ValueError as error:
        problem = str(error)
        raise Refuse(
            422, "invalid_time", f"{field}: {problem}", errors=[FieldError(field, problem, _hint(value))]
        ) from None


def _hint(value: Given) -> str | None:
    try:
        seconds = float(value) / 1000
    except ValueError:
        return None
    return (
        f"write {seconds:.3f}".rstrip("0").rstrip(".") + ", or RFC 3339"
        if abs(seconds) * 1000 > _MILLISECONDS_FROM
        else None
    )


def check_times(**values: Time) -> None:
    """Raise ValueError for the first of `values` that is no time: the check when a message is published."""
    for name, value in values.items():
        if value is not None:
            try:
                read_time(value)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None


def parse_range(from_: Time, until: Time, *, now: int, default: int) -> Range:
    """The range between `from` (default: `default` microseconds ago) and `until` (default and at most: now).

    What happened in this very microsecond counts, so "until now" ends one after it.
    Raises Refuse 422 where the range is empty.
    """
    end = parse_time(until, "until")
    start = parse_time(from_, "from")
    end = now + 1 if end is None else min(end, now + 1)
    start = now - default if start is None else start
    if start >= end:
        detail = f"from ({rfc3339(start)}) must be before until ({rfc3339(end)}; a future one is taken as now)"
        raise Refuse(422, "empty_range", detail, errors=[FieldError("from", "is not before until")])
    return Range(start, end)


def show(value: int | None) -> str | None:
    """Microseconds as RFC 3339, None for None."""
    return None if value is None else rfc3339(value)
