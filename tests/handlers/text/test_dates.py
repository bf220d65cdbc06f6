"""Due dates: a table of phrases, the ends of months and years, and the days on which clocks are moved."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.text.dates import find_due

BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY = datetime(2025, 11, 19, 10, 0, tzinfo=UTC)

PHRASES = [
    ("Please send it by Friday.", "2025-11-21"),
    ("Please send it by Wednesday.", "2025-11-26"),
    ("Can you do it this Wednesday?", "2025-11-19"),
    ("Let us meet next Friday", "2025-11-28"),
    ("Let us meet on Monday next week", "2025-11-24"),
    ("we need it next week on Tuesday", "2025-11-25"),
    ("Could you call me tomorrow morning?", "2025-11-20"),
    ("the day after tomorrow at the latest", "2025-11-21"),
    ("I need this today", "2025-11-19"),
    ("Please answer by EOD", "2025-11-19"),
    ("by end of day Friday", "2025-11-21"),
    ("you get it by Friday, 28 November", "2025-11-28"),
    ("you get it by Friday, November 28", "2025-11-28"),
    ("you get it by Fri 28 Nov", "2025-11-28"),
    ("you get it by Friday, the 28th", "2025-11-28"),
    ("you get it by Friday, 2025-11-28", "2025-11-28"),
    ("you get it by Friday 28.11.2025", "2025-11-28"),
    ("by the end of the week", "2025-11-21"),
    ("by end of next week", "2025-11-28"),
    ("please do it this week", "2025-11-21"),
    ("sometime next week", "2025-11-28"),
    ("this weekend", "2025-11-23"),
    ("before the end of the month", "2025-11-30"),
    ("end of next month", "2025-12-31"),
    ("EOM please", "2025-11-30"),
    ("by the end of the quarter", "2025-12-31"),
    ("by end of next quarter", "2026-03-31"),
    ("by the end of the year", "2025-12-31"),
    ("within two weeks", "2025-12-03"),
    ("in 3 days", "2025-11-22"),
    ("within 3 business days", "2025-11-24"),
    ("in a month", "2025-12-19"),
    ("in a couple of days", "2025-11-21"),
    ("5 days from now", "2025-11-24"),
    ("in 20 hours", "2025-11-20"),
    ("by December 5", "2025-12-05"),
    ("by Dec. 5th, 2026", "2026-12-05"),
    ("on 5 December", "2025-12-05"),
    ("the 5th of January", "2026-01-05"),
    ("by 3 March", "2026-03-03"),
    ("by 29 February", "2028-02-29"),
    ("by the 15th", "2025-12-15"),
    ("by the 25th", "2025-11-25"),
    ("until 2025-12-01", "2025-12-01"),
    ("until 01.12.2025", "2025-12-01"),
    ("by 12/25", "2025-12-25"),
    ("by 25/12/2025", "2025-12-25"),
    ("by 5pm", "2025-11-19"),
    ("before 9:30 am", "2025-11-20"),
    ("by noon", "2025-11-19"),
    ("We spoke about it on Monday, please send it by Thursday", "2025-11-20"),
    ("I may 5 times ask for this by May 5", "2026-05-05"),
]
NONE = [
    "Please send it.",
    "We met last Friday.",
    "It has failed every Monday.",
    "It has failed since Tuesday.",
    "It took us two weeks and 3 hours.",
    "Version 4.2.1 on the 3rd floor",
    "by 3/4",
    "by 2024-01-01",
    "by 31 February",
    "these 2 may fail",
    "Please reply as soon as possible.",
    "",
]


@pytest.mark.parametrize(("text", "expected"), PHRASES)
def test_a_phrase_means_a_day(text: str, expected: str) -> None:
    found = find_due(text, WEDNESDAY, BERLIN)
    assert found is not None
    assert found.day == date.fromisoformat(expected)


@pytest.mark.parametrize("text", NONE)
def test_what_names_no_day_to_come_has_none(text: str) -> None:
    assert find_due(text, WEDNESDAY, BERLIN) is None


@pytest.mark.parametrize(
    ("said", "text", "expected"),
    [
        ("2025-12-31T10:00:00Z", "by tomorrow", "2026-01-01"),
        ("2025-12-31T10:00:00Z", "by Friday", "2026-01-02"),
        ("2025-12-29T10:00:00Z", "in 5 days", "2026-01-03"),
        ("2025-12-20T10:00:00Z", "end of next month", "2026-01-31"),
        ("2026-01-31T10:00:00Z", "in one month", "2026-02-28"),
        ("2025-12-30T10:00:00Z", "by January 5", "2026-01-05"),
        ("2025-12-27T10:00:00Z", "this week", "2025-12-28"),
        ("2025-11-18T23:30:00Z", "by tomorrow", "2025-11-20"),  # after midnight in Berlin
        ("2025-10-25T22:30:00Z", "by tomorrow", "2025-10-27"),  # the day of 25 hours has begun
        ("2025-10-26T00:30:00Z", "in 24 hours", "2025-10-27"),
        ("2025-10-25T22:15:00Z", "in 24 hours", "2025-10-26"),  # 23:15 of the same long day
        ("2026-03-28T22:30:00Z", "in 24 hours", "2026-03-30"),  # 00:30: the day between had 23 hours
        ("2026-03-29T00:59:00Z", "tomorrow", "2026-03-30"),
    ],
)
def test_days_are_those_of_the_zone_at_ends_of_years_and_when_clocks_move(said: str, text: str, expected: str) -> None:
    found = find_due(text, datetime.fromisoformat(said), BERLIN)
    assert found is not None
    assert found.day == date.fromisoformat(expected)


def test_the_place_covers_the_phrase_with_its_by() -> None:
    text = "Please send the contract by Friday, thanks"
    found = find_due(text, WEDNESDAY, BERLIN)
    assert found is not None
    assert text[found.start : found.end] == "by Friday"


@given(st.text(max_size=300), st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_any_text_has_a_day_to_come_or_none(text: str, said: datetime) -> None:
    found = find_due(text, said, BERLIN)
    assert found is None or found.day >= said.astimezone(BERLIN).date()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    "text",
    ["by Friday", "by tomorrow", "in two weeks", "in 3 hours", "by the end of next month", "within 5 working days",
     "by the end of the year", "the first of next month", "by January 3", "the day after tomorrow", "next week"],
)  # fmt: skip
def test_no_day_lies_behind_the_last_one(text: str, zone: str) -> None:
    """Said at the end of the year 9999, it ended the analysis of the whole conversation."""
    found = find_due(f"I will send it {text}.", datetime(9999, 12, 31, 18, tzinfo=UTC), ZoneInfo(zone))
    assert found is None or found.day.year == 9999
