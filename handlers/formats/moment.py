"""Times: whatever a file writes, as RFC 3339 in UTC."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import Final

EARLIEST: Final = 1900
LATEST: Final = 2199
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM: Final = 1e11
COMMENT: Final = re.compile(r"\([^()]*\)")
NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,9})?")


def rfc3339(moment: datetime) -> str:
    """Write a moment in UTC, with fractions only where there are some."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds" if utc.microsecond else "seconds") + "Z"


def ordered(times: Iterable[str]) -> list[str]:
    """Sort times as rfc3339 writes them (a fraction would sort before the bare second)."""
    return sorted(times, key=lambda each: each.rstrip("Z"))


def plausible(moment: datetime) -> bool:
    """Mail of the year 3609 has a broken clock, not a future."""
    return EARLIEST <= moment.year <= LATEST


def seconds(value: float) -> datetime:
    """Read Unix seconds; what can only be milliseconds is taken as such. ValueError where it is no time."""
    try:
        moment = EPOCH + timedelta(seconds=value / 1000 if abs(value) > MILLISECONDS_FROM else value)
    except OverflowError:
        raise ValueError("number out of range") from None
    if not plausible(moment):
        raise ValueError("year out of range")
    return moment


def parse(value: object) -> datetime:
    """Read Unix seconds, RFC 3339 or ISO 8601 (without a zone: UTC), or a mail date. ValueError otherwise."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return seconds(value)
    if not isinstance(value, str):
        raise ValueError("not a time")
    text = value.strip()[:100]
    if NUMBER.fullmatch(text) and len(text) > 8:  # 20240501 is a date, 1714550400.0002 a Slack time
        return seconds(float(text))
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        found = mail_date(text)
        if found is None:
            raise ValueError(f"not a time: {text[:40]!r}") from None
        moment = found
    if not plausible(moment):
        raise ValueError("year out of range")
    return moment


def mail_date(header: str | None) -> datetime | None:
    """Read a Date header, its comments and odd spaces included; None where it holds no plausible time."""
    text = (header or "")[:300]
    for _ in range(3):
        text = COMMENT.sub(" ", text)
    text = re.sub(r"\s*:\s*", ":", " ".join(text.split()))
    try:
        parts = parsedate_tz(text)
        if parts is None or not EARLIEST <= parts[0] <= LATEST:
            return None
        offset = timedelta(seconds=parts[9] or 0)
        moment = datetime(*parts[:6], tzinfo=UTC) - offset
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if plausible(moment) else None
