"""Schedules: slots rise, zones keep the wall clock, changing the clocks loses and doubles none."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.bus.clock import SECOND, micros
from needlework.bus.schedule import MOST_SLOTS, Schedule

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
]
CRONS = [
    "*/5 * * * *",
    "30 2 * * *",
    "0 8-18 * * 1-5",
    "15,45 1-3 * * *",
    "0 0 * * *",
    "0 0 1 * *",
    "59 23 * * 0",
    "7 */3 * * *",
]

moments = st.integers(micros(datetime(2001, 1, 1, tzinfo=UTC)), micros(datetime(2037, 1, 1, tzinfo=UTC)))
crons = st.builds(lambda cron, zone: Schedule.parse(f"{cron} {zone}"), st.sampled_from(CRONS), st.sampled_from(ZONES))
intervals = st.integers(1, 90_000).map(lambda seconds: Schedule.parse(f"every {seconds}s"))


def at(text: str) -> int:
    """Microseconds of an RFC 3339 time."""
    return micros(datetime.fromisoformat(text))


def day_in(schedule: Schedule, start: str, hours: int = 25) -> list[str]:
    """The slots of about a day as local wall clock readings with their offset."""
    begin = at(start)
    slots = schedule.slots_between(begin - 1, begin + hours * HOUR, anchor=0)
    zone = ZoneInfo(schedule.zone)
    return [datetime.fromtimestamp(slot // SECOND, zone).isoformat() for slot in slots]


@given(st.one_of(crons, intervals), moments, moments)
def test_slots_strictly_rise_and_lie_behind_the_moment(schedule: Schedule, moment: int, anchor: int) -> None:
    first = schedule.next_after(moment, anchor=anchor)
    second = schedule.next_after(first, anchor=anchor)
    assert moment < first < second


@given(st.one_of(crons, intervals), moments, moments)
def test_the_last_slot_is_the_one_whose_next_lies_ahead(schedule: Schedule, moment: int, anchor: int) -> None:
    last = schedule.last_at(moment, anchor=anchor)
    assert last <= moment
    assert schedule.next_after(last, anchor=anchor) > moment
    assert schedule.next_after(last - 1, anchor=anchor) == last


@given(crons, moments)
def test_cron_shows_a_reading_that_it_names_or_the_end_of_a_gap(schedule: Schedule, moment: int) -> None:
    zone = ZoneInfo(schedule.zone)
    slot = schedule.next_after(moment, anchor=0)
    before = datetime.fromtimestamp(slot // SECOND - 1, zone)
    here = datetime.fromtimestamp(slot // SECOND, zone)
    jumped = (here.utcoffset() or timedelta()) > (before.utcoffset() or timedelta())
    minutes = Schedule.parse(f"{schedule.cron} UTC")
    wall = micros(here.replace(tzinfo=UTC))
    assert jumped or minutes.next_after(wall - 1, anchor=0) == wall
    assert here.fold == 0


@given(crons, moments)
def test_walking_slot_by_slot_equals_listing_them(schedule: Schedule, moment: int) -> None:
    listed = schedule.slots_between(moment, moment + 400 * DAY, anchor=0, most=50)
    walked = []
    for _ in listed:
        moment = schedule.next_after(moment, anchor=0)
        walked.append(moment)
    assert walked == listed


@given(intervals, moments, moments)
def test_intervals_stay_aligned_with_their_anchor(schedule: Schedule, moment: int, anchor: int) -> None:
    assert schedule.every is not None
    slot = schedule.next_after(moment, anchor=anchor)
    assert (slot - anchor) % schedule.every == 0
    assert slot - moment <= schedule.every


def test_a_fresh_interval_first_fires_one_interval_after_its_start() -> None:
    assert Schedule.parse("every 1h30m").next_after(1_000, anchor=1_000) == 1_000 + 90 * MINUTE


def test_a_skipped_hour_fires_once_at_the_end_of_the_gap() -> None:
    berlin = Schedule.parse("15,45 2 * * * Europe/Berlin")
    assert day_in(berlin, "2026-03-28T23:00:00+00:00") == ["2026-03-29T03:00:00+02:00"]
    york = Schedule.parse("30 2 * * * America/New_York")
    assert day_in(york, "2026-03-08T05:00:00+00:00") == ["2026-03-08T03:00:00-04:00"]
    midnight = Schedule.parse("0 0 * * * America/Sao_Paulo")
    assert day_in(midnight, "2018-11-04T02:00:00+00:00", 20) == ["2018-11-04T01:00:00-02:00"]


def test_a_repeated_hour_fires_once_in_its_first_pass() -> None:
    berlin = Schedule.parse("15,45 2 * * * Europe/Berlin")
    expected = ["2026-10-25T02:15:00+02:00", "2026-10-25T02:45:00+02:00"]
    assert day_in(berlin, "2026-10-24T22:00:00+00:00") == expected
    york = Schedule.parse("30 1 * * * America/New_York")
    assert day_in(york, "2026-11-01T04:00:00+00:00", 24) == ["2026-11-01T01:30:00-04:00"]


def test_half_an_hour_of_daylight_saving_changes_half_an_hour() -> None:
    every_quarter = Schedule.parse("*/15 1-2 * * * Australia/Lord_Howe")
    shown = day_in(every_quarter, "2026-04-04T13:00:00+00:00", 4)
    assert [text[11:16] for text in shown] == [f"0{hour}:{minute:02}" for hour in (1, 2) for minute in (0, 15, 30, 45)]


def test_a_day_that_a_zone_left_out_fires_once() -> None:
    apia = Schedule.parse("0 */6 * * * Pacific/Apia")
    shown = day_in(apia, "2011-12-30T03:00:00+00:00", 14)
    assert shown == ["2011-12-29T18:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T06:00:00+14:00"]


def test_the_second_pass_of_a_repeated_hour_looks_back_at_the_whole_first() -> None:
    schedule = Schedule.parse("*/5 * * * * Europe/Berlin")
    second_pass = at("2026-10-25T02:10:00+01:00")
    assert schedule.last_at(second_pass, anchor=0) == at("2026-10-25T02:55:00+02:00")
    assert schedule.next_after(second_pass, anchor=0) == at("2026-10-25T03:00:00+01:00")


def test_leap_days_come_every_four_years_and_not_in_2100() -> None:
    schedule = Schedule.parse("0 0 29 2 *")
    assert schedule.next_after(at("2024-02-29T00:00:00+00:00"), anchor=0) == at("2028-02-29T00:00:00+00:00")
    assert schedule.next_after(at("2096-02-29T00:00:00+00:00"), anchor=0) == at("2104-02-29T00:00:00+00:00")


def test_the_zone_of_the_workspace_holds_where_the_text_names_none() -> None:
    assert Schedule.parse("0 9 * * *", "Asia/Tokyo").zone == "Asia/Tokyo"
    assert Schedule.parse("0 9 * * * Europe/Paris", "Asia/Tokyo").zone == "Europe/Paris"
    tokyo = Schedule.parse("0 9 * * *", "Asia/Tokyo")
    assert tokyo.next_after(at("2026-01-01T00:00:00+09:00"), anchor=0) == at("2026-01-01T00:00:00+00:00")


@given(st.one_of(crons, intervals), moments, st.integers(0, 100 * 366 * DAY))
def test_missed_slots_are_made_up_at_most_once(schedule: Schedule, last: int, away: int) -> None:
    now = last + away
    slots = schedule.missed("once", last, now, anchor=last)
    expected = schedule.slots_between(last, now, anchor=last, most=1)
    assert len(slots) == len(expected)
    assert all(last < slot <= now and schedule.next_after(slot, anchor=last) > now for slot in slots)


def test_missed_all_lists_each_oldest_first_and_goes_on_behind_the_bound() -> None:
    schedule = Schedule.parse("*/1 * * * *")
    slots = schedule.missed("all", 0, 2_500 * MINUTE, anchor=0)
    assert slots == [number * MINUTE for number in range(1, MOST_SLOTS + 1)]
    assert schedule.missed("all", slots[-1], 2_500 * MINUTE, anchor=0)[0] == (MOST_SLOTS + 1) * MINUTE


def test_skip_publishes_what_is_on_time_and_leaves_out_what_is_late() -> None:
    schedule = Schedule.parse("every 1h")
    assert schedule.missed("skip", HOUR, 2 * HOUR + SECOND, anchor=0) == [2 * HOUR]
    assert schedule.missed("skip", HOUR, 2 * HOUR + 2 * MINUTE, anchor=0) == []
    assert schedule.missed("skip", HOUR, 9 * HOUR + SECOND, anchor=0) == [9 * HOUR]


def test_nothing_is_missed_by_a_new_schedule_or_a_clock_set_back() -> None:
    schedule = Schedule.parse("every 1m")
    assert schedule.missed("once", None, 10 * MINUTE, anchor=0) == []
    assert schedule.missed("all", 10 * MINUTE, 5 * MINUTE, anchor=0) == []
    assert schedule.missed("once", 10 * MINUTE, 11 * MINUTE - 1, anchor=0) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("*/5 * * * * *", "'*' is not a time zone"),
        ("0 8 * * * Europe/Berln", 'did you mean "Europe/Berlin"'),
        ("0 8 * * * Europe", "'Europe' is not a time zone"),
        ("0 8 * * * ../../etc/passwd", "not a time zone"),
        ("61 * * * *", "bad minute"),
        ("0 8 * * 9", "bad day-of-week"),
        ("0 0 31 2 *", "bad day-of-month"),
        (f"{'1' * 5000} * * * *", "is not a schedule"),
        ("every", "one duration"),
        ("every 30", "is not a duration"),
        ("every 30m Europe/Berlin", "an interval has no time zone"),
        ("every 10ms", "not 1s to 366d"),
        ("every 400d", "not 1s to 366d"),
    ],
)
def test_a_wrong_schedule_says_what_is_wrong_and_what_is_right(text: str, says: str) -> None:
    with pytest.raises(ValueError, match="schedule") as caught:
        Schedule.parse(text)
    assert says in str(caught.value)
    assert '"' in str(caught.value)
