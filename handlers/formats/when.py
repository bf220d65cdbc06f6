"""When something took place, as a header or a file's name says it: 2026-03-04, 20260304-150000, 4 March 2026."""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from needlework.handlers.formats import moment

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_CLOCK: Final = (
    r"(?:(?:[ _T,]{1,3}|[ _]?(?:at|um|-|–)[ _]?)(?P<hour>[01]?\d|2[0-3])[:.h_-]?(?P<minute>[0-5]\d)"
    r"(?:[:._-]?(?P<second>[0-5]\d))?"
    r"(?![\d])[ ]?(?P<half>[ap]\.?m\b\.?)?(?P<zone>[ ]?(?:Z|UTC|GMT)\b)?)?"
)
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_DATES: Final = tuple(
    re.compile(rf"(?<![\d.])(?<!\bv){date}(?!\d|\.\d){_CLOCK}", re.IGNORECASE)
    for date in (
        rf"(?:GMT)?{_YEAR}(?P<sign>[-_./])(?P<month>0?[1-9]|1[0-2])(?P=sign)(?P<day>0?[1-9]|[12]\d|3[01])",
        rf"(?:GMT)?{_YEAR}(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])",
        rf"(?P<day>0?[1-9]|[12]\d|3[01])\.[ ]?(?P<month>0?[1-9]|1[0-2])\.[ ]?{_YEAR}",
        rf"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.)?[ _-](?:of )?{_MONTH}[ _,-]{{1,2}}{_YEAR}",
        rf"{_MONTH}[ _-](?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?[ _,-]{{1,2}}{_YEAR}",
    )
)
_WRAPPED: Final = re.compile(r"\(\s*\)|\[\s*\]")
_ENDS: Final = re.compile(r"^[\s_,;:.–-]+|[\s_,;:.–(\[-]+$")
_RECORDER: Final = re.compile(r"[ _.-]*(?:meeting )?(?:recording|transcript(?:ion)?)$", re.IGNORECASE)
NOON: Final = 12


class Held(NamedTuple):
    """A moment (without a zone in the text: UTC), whether the text says its time of day, and the text without it."""

    at: datetime
    exact: bool
    rest: str


def held(text: str) -> Held | None:
    """The first date in a text. Of a day without a time the noon is taken: it is that day in nearly every zone."""
    found = (match for pattern in _DATES if (match := pattern.search(text[:500])))
    match = min(found, key=lambda each: each.start(), default=None)
    if match is None:
        return None
    part = match.groupdict()
    exact = part["hour"] is not None
    month = int(part["month"]) if part.get("month") else _MONTHS.index(part["name"].lower()[:3]) + 1
    try:
        clock = (_hour(part), int(part["minute"]), int(part["second"] or 0)) if exact else (NOON, 0, 0)
        at = datetime(int(part["year"]), month, int(part["day"]), *clock, tzinfo=UTC)
    except ValueError:
        return None
    if not moment.plausible(at):
        return None
    return Held(at, exact, _WRAPPED.sub("", f"{text[: match.start()]} {text[match.end() :]}"))


def _hour(part: dict[str, str | None]) -> int:
    hour, half = int(part["hour"] or 0), (part["half"] or "").lower()
    return hour % 12 + (12 if half.startswith("p") else 0) if half else hour


def title(text: str) -> str:
    """What a file's name says without its date and what recorders add to it; the name itself where nothing is left."""
    found = held(text)
    bare = " ".join((found.rest if found else text).replace("_", " ").split()) if found else text
    for _ in range(3):
        bare = _RECORDER.sub("", _ENDS.sub("", bare))
    return _ENDS.sub("", bare) or text
