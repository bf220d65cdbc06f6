"""Times as callers write them."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.bus.clock import SECOND, rfc3339
from needlework.bus.errors import Refuse
from needlework.handlers.times import DAY, parse_range, parse_time, read_time
from needlework.handlers.zones import day_of

NOW = 1_700_000_000 * SECOND


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1_609_459_200, 1_609_459_200),
        ("1609459200", 1_609_459_200),
        (1_609_459_200.25, 1_609_459_200.25),
        ("2021-01-01T00:00:00Z", 1_609_459_200),
        ("2021-01-01T01:00:00+01:00", 1_609_459_200),
        ("2021-01-01", 1_609_459_200),
        (-1, -1),
    ],
)
def test_unix_seconds_and_rfc_3339_mean_the_same(value: int | float | str, seconds: float) -> None:
    assert read_time(value) == seconds * SECOND


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        float("nan"),
        float("inf"),
        True,
        "2021-01-01T00:00:00",
        9e10 * 4,
        1_609_459_200_000,
        "9" * 400,
    ],
)
def test_what_is_no_time_is_refused_with_the_field_that_holds_it(value: int | float | str) -> None:
    with pytest.raises(Refuse) as refused:
        parse_time(value, "until")
    assert refused.value.status == 422
    assert refused.value.errors[0].field == "until"


def test_milliseconds_are_refused_with_the_seconds_to_write_instead() -> None:
    with pytest.raises(Refuse, match="milliseconds") as refused:
        parse_time(1_609_459_200_000, "from")
    assert refused.value.errors[0].hint == "write 1609459200, or RFC 3339"


@given(st.integers(-30_610_224_000 * SECOND, 253_402_300_799 * SECOND))
def test_what_is_shown_reads_back(micros: int) -> None:
    assert read_time(rfc3339(micros)) == micros


def test_a_range_defaults_to_the_days_before_now_and_holds_this_very_microsecond() -> None:
    assert parse_range(None, None, now=NOW, default=30 * DAY) == (NOW - 30 * DAY, NOW + 1)


def test_a_future_until_is_taken_as_now() -> None:
    assert parse_range(0, "2999-01-01T00:00:00Z", now=NOW, default=DAY).end == NOW + 1


@pytest.mark.parametrize(("from_", "until"), [(100, 100), (200, 100), ("2999-01-01T00:00:00Z", None)])
def test_an_empty_range_is_refused(from_: int | str, until: int | None) -> None:
    with pytest.raises(Refuse) as refused:
        parse_range(from_, until, now=NOW, default=DAY)
    assert (refused.value.status, refused.value.code) == (422, "empty_range")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "Pacific/Kiritimati", "America/New_York"])
@pytest.mark.parametrize(
    "moment", ["1000-01-01", "9999-12-30T23:30:00Z", "9999-12-31T12:00:00Z", "9999-12-31T23:59:59Z"]
)
def test_every_moment_that_can_be_written_belongs_to_a_day(moment: str, zone: str) -> None:
    at = read_time(moment)
    day = day_of(at, ZoneInfo(zone))
    assert day.start <= at < day.end <= day.start + 2 * DAY
    assert read_time(rfc3339(day.end)) == day.end
