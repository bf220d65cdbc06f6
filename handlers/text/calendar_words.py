"""Words of the calendar as days: weekdays, months, ends of periods, amounts of time."""

import calendar
from datetime import date, timedelta

WEEKDAYS = "mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|saturday|sunday"
MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
SHORT = {"eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year"}
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
AMOUNTS = rf"\d{{1,3}}|{'|'.join(_NUMBERS)}|an?|a couple of|a couple"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


def day_of(year: int, month: int, day: int) -> date | None:
    """The day, or None where the calendar has none such."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_number(name: str) -> int:
    """1 for "january" or "jan"."""
    return _MONTHS.index(name[:3]) + 1


def next_day(month: int, day: int, today: date) -> date | None:
    """The next such day of a year, today included; 29 February waits for a leap year."""
    days = (day_of(year, month, day) for year in range(today.year, today.year + 9))
    return next((found for found in days if found is not None and found >= today), None)


def weekday_after(today: date, name: str, which: str) -> date:
    """A plain "Friday" is the first one after today; "this Friday" may be today; "next Friday" is next week's."""
    wanted = _DAYS.index(name[:3])
    if which == "next":
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + wanted)
    ahead = (wanted - today.weekday()) % 7
    return today + timedelta(days=ahead if ahead or which else 7)


def amount(text: str) -> int:
    """The number in digits or words; "a" is one, "a couple" two."""
    if text.isascii() and text.isdigit():
        return int(text)
    if text in _NUMBERS:
        return _NUMBERS.index(text) + 1
    return 2 if "couple" in text else 1


def units_after(today: date, number: int, unit: str) -> date:
    """So many days, weeks or months later; a month later than the 31st is the last of a shorter month."""
    if unit.startswith("month"):
        month = today.month - 1 + number
        year, month = today.year + month // 12, month % 12 + 1
        return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))
    return today + timedelta(days=number * (7 if unit.startswith("week") else 1))


def working_days_after(today: date, number: int) -> date:
    """So many days later, Saturdays and Sundays not counted."""
    while number > 0:
        today += timedelta(days=1)
        number -= today.weekday() < _SATURDAY
    return today


def end_of(period: str, today: date, *, later: bool = False) -> date:
    """The last day of this period (or of the next one): a week's is its Friday while that is to come, else Sunday."""
    if period in ("week", "weekend"):
        monday = today - timedelta(days=today.weekday()) + timedelta(days=7 * later)
        friday = monday + timedelta(days=_FRIDAY)
        return friday if period == "week" and friday >= today else monday + timedelta(days=_SUNDAY)
    if period == "year":
        return date(today.year + later, 12, 31)
    months = 1 if period == "month" else 3
    last = (today.month - 1) // months * months + months + months * later
    year, month = today.year + (last - 1) // 12, (last - 1) % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])
