"""Due dates in English sentences: what "by Friday" means to who said it, on that day and in that time zone."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.text import calendar_words as words

MAX_TEXT = 1_000
"""Characters that are looked at."""


class Due(NamedTuple):
    """A day, and which characters of the text say so, with the "by" before them."""

    day: date
    start: int
    end: int


class _Found(NamedTuple):
    rank: int
    due: Due


Resolver = Callable[[re.Match[str], datetime], date | None]

_LEAD = (
    r"(?:\b(?P<deadline>by|before|until|till|no later than|not later than|at the latest|due(?: on| by)?|within|"
    r"deadline(?: is)?:?)\s+)?(?:\b(?:eod|cob|(?:end|close) of (?:the )?(?:business )?(?:day|business))\s+)?"
    r"(?:\b(?P<at>on|in|for|at)\s+)?(?:the\s+)?"
)
_DAY_OF_WEEK = rf"(?:\b(?:{words.WEEKDAYS})\b\.?,?\s+(?:the\s+)?)?"
"""A weekday beside a date says nothing of its own: "by Friday, 27 November" is the 27th."""
_PAST = re.compile(r"\b(?:last|past|previous|since|every|each|was|were|from)\s+(?:the\s+|on\s+)?$")


def find_due(text: str, said_at: datetime, zone: ZoneInfo) -> Due | None:
    """The day on which `text` wants something done, or None.

    `said_at` (aware) is when it was said: relative words count from its day in `zone`. What follows "by", "before" or
    the like wins; then the more exact of two; then the earlier place. A day before that of the saying is none.
    """
    try:
        local = said_at.astimezone(zone)
    except OverflowError:  # the calendar has ended there
        return None
    found = sorted(_candidates(text[:MAX_TEXT], local), key=lambda each: (each.rank, each.due.start))
    return found[0].due if found else None


def _candidates(text: str, local: datetime) -> Iterator[_Found]:
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text  # a letter whose lower case is longer: places would be wrong
    taken: list[tuple[int, int]] = []
    for rank, (pattern, resolve) in enumerate(_PATTERNS):
        for match in pattern.finditer(lowered):
            start, end = match.span()
            if any(start < other and first < end for first, other in taken):
                continue
            if _PAST.search(lowered[:start]):
                taken.append((start, end))
                continue
            if match.groupdict().get("month") == "may" and text[match.start("month")] != "M":
                continue  # "these two may fail"
            day = _resolved(resolve, match, local)
            taken.append((start, end))
            if day is not None and day >= local.date():
                yield _Found(rank + (0 if match["deadline"] else len(_PATTERNS)), Due(day, start, end))


def _resolved(resolve: Resolver, match: re.Match[str], local: datetime) -> date | None:
    try:
        return resolve(match, local)
    except (OverflowError, ValueError):  # behind the year 9999
        return None


def _iso(match: re.Match[str], local: datetime) -> date | None:
    return words.day_of(int(match["year"]), int(match["mon"]), int(match["day"]))


def _slashed(match: re.Match[str], local: datetime) -> date | None:
    """12/25 and 25/12 are clear; 3/4 is not, and no date."""
    first, second = int(match["first"]), int(match["second"])
    if first <= 12 and second <= 12 and first != second:
        return None
    month, day = (second, first) if first > 12 else (first, second)
    year = match["year"]
    if year is None:
        return words.next_day(month, day, local.date())
    return words.day_of(int(year) + (2000 if len(year) == 2 else 0), month, day)


def _named(match: re.Match[str], local: datetime) -> date | None:
    month, day = words.month_number(match["month"]), int(match["day"])
    if match["year"]:
        return words.day_of(int(match["year"]), month, day)
    return words.next_day(month, day, local.date())


def _ordinal(match: re.Match[str], local: datetime) -> date | None:
    """The 15th: of this month, or of the next one that has such a day."""
    today, day = local.date(), int(match["day"])
    for ahead in range(3):
        month = today.month - 1 + ahead
        found = words.day_of(today.year + month // 12, month % 12 + 1, day)
        if found is not None and found >= today:
            return found
    return None


def _weekday(match: re.Match[str], local: datetime) -> date | None:
    return words.weekday_after(local.date(), match["weekday"], match["which"] or ("next" if match["week"] else ""))


def _ahead(match: re.Match[str], local: datetime) -> date | None:
    """In three days: hours are hours of the clock on the wall's instant, days are days of the calendar."""
    if not (match["deadline"] or match["at"] == "in" or match["hence"]):
        return None  # "it took two weeks"
    amount = words.amount(match["amount"])
    if match["unit"].startswith("h"):
        return (local.astimezone(ZoneInfo("UTC")) + timedelta(hours=amount)).astimezone(local.tzinfo).date()
    if match["working"]:
        return words.working_days_after(local.date(), amount)
    return words.units_after(local.date(), amount, match["unit"])


def _period(match: re.Match[str], local: datetime) -> date | None:
    return words.end_of(match["period"], local.date(), later=match["which"] == "next")


def _short(match: re.Match[str], local: datetime) -> date | None:
    return words.end_of(words.SHORT[match["short"]], local.date())


def _next_weeks(match: re.Match[str], local: datetime) -> date | None:
    return words.weekday_after(local.date(), match["weekday"], "next")


def _first_of_month(match: re.Match[str], local: datetime) -> date | None:
    return words.end_of("month", local.date()) + timedelta(days=1)


def _after_tomorrow(match: re.Match[str], local: datetime) -> date | None:
    return local.date() + timedelta(days=2)


def _tomorrow(match: re.Match[str], local: datetime) -> date | None:
    return local.date() + timedelta(days=1)


def _today(match: re.Match[str], local: datetime) -> date | None:
    return local.date()


def _clock(match: re.Match[str], local: datetime) -> date | None:
    """By 5 pm: today where that is still to come, else tomorrow."""
    if match["noon"]:
        hour, minute = (12 if match["noon"] == "noon" else 24), 0
    else:
        hour, minute = int(match["hour"]) % 12 + (12 if match["half"].startswith("p") else 0), int(match["minute"] or 0)
    late = local.hour * 60 + local.minute >= hour * 60 + minute
    return local.date() + timedelta(days=int(late))


_PATTERNS: list[tuple[re.Pattern[str], Resolver]] = [
    (re.compile(_LEAD + pattern), resolve)
    for pattern, resolve in (
        (_DAY_OF_WEEK + r"\b(?P<year>20\d\d)-(?P<mon>\d\d)-(?P<day>\d\d)\b", _iso),
        (_DAY_OF_WEEK + r"\b(?P<day>\d{1,2})\.(?P<mon>\d{1,2})\.(?P<year>20\d\d)\b", _iso),
        (_DAY_OF_WEEK + r"\b(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year>(?:20)?\d\d))?\b(?!/)", _slashed),
        (
            _DAY_OF_WEEK
            + rf"\b(?P<month>{words.MONTHS})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>20\d\d)\b)?",
            _named,
        ),
        (
            _DAY_OF_WEEK + rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{words.MONTHS})\b\.?"
            r"(?:,?\s+(?P<year>20\d\d)\b)?",
            _named,
        ),
        (
            _DAY_OF_WEEK
            + r"\b(?P<day>\d{1,2})(?:st|nd|rd|th)\b(?! (?:floor|time|attempt|version|quarter|grade|century))",
            _ordinal,
        ),
        (r"\b(?:first|1st) (?:day )?of (?:the )?(?:next )?month\b", _first_of_month),
        (r"\bday after tomorrow\b", _after_tomorrow),
        (r"\btomorrow\b(?:\s+(?:morning|afternoon|evening|night|noon))?", _tomorrow),
        (
            rf"\b(?:(?P<which>next|this|coming|this coming)\s+)?(?P<weekday>{words.WEEKDAYS})\b(?P<week>\s+next week)?"
            r"(?:\s+(?:morning|afternoon|evening|night|noon))?",
            _weekday,
        ),
        (rf"\bnext week (?:on )?(?P<weekday>{words.WEEKDAYS})\b", _next_weeks),
        (
            rf"\b(?P<amount>{words.AMOUNTS})\s+(?P<working>business |working )?(?P<unit>hours?|days?|weeks?|months?)\b"
            r"(?P<hence>\s+from (?:now|today))?",
            _ahead,
        ),
        (r"\b(?:end|close) of (?:the )?(?:(?P<which>next|this)\s+)?(?P<period>week|month|quarter|year)\b", _period),
        (r"\b(?P<which>next|this|coming)\s+(?P<period>weekend|week|month|quarter)\b", _period),
        (rf"\b(?P<short>{'|'.join(words.SHORT)})\b", _short),
        (
            r"\b(?:today|tonight|this (?:morning|afternoon|evening)|eod|cob|"
            r"(?:end|close) of (?:the )?(?:business )?(?:day|business))\b",
            _today,
        ),
        (r"\b(?:(?P<noon>noon|midnight)|(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s?(?P<half>[ap]\.?m)\b\.?)", _clock),
    )
]
