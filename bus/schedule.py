"""When a schedule fires: cron on the wall clock of a named zone, or a fixed interval (promise P6). No I/O.

Cron follows the wall clock: every reading of it fires at most once. The second pass through an hour that the
clocks repeat is silent; readings that the clocks skip fire together, once, at the end of the gap. What must
keep its rhythm through such a night is an interval (`every 5m`), which knows no zone.
"""

import difflib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from cronsim import CronSim, CronSimError
from needlework.bus.clock import SECOND, micros
from needlework.bus.durations import parse_duration, show_duration

Missed = Literal["once", "skip", "all"]

MOST_SLOTS = 1_000
"""Slots that one call lists at most, so that a clock a century ahead costs nothing."""

ON_TIME = 60 * SECOND
"""How late a slot may be published and still not count as missed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMS = 'write five cron fields, a time zone may follow ("0 8-18 * * 1-5 Europe/Berlin"), or "every 30m"'
_PROBE = datetime(2024, 1, 1)


class Schedule(msgspec.Struct, frozen=True):
    """One parsed schedule. Either `cron` or `every` is set."""

    text: str
    zone: str = "UTC"
    cron: str | None = None
    every: int | None = None
    """Microseconds between two slots."""

    @classmethod
    def parse(cls, text: str, zone: str = "UTC") -> "Schedule":
        """The schedule that `text` describes; `zone` holds where the text names none.

        Raises ValueError with what is wrong and a form that is right.
        """
        words = text.split()
        if words[:1] == ["every"]:
            return cls(text, every=_interval(text, words[1:]))
        if len(words) not in (5, 6):
            raise ValueError(f"{text!r} is not a schedule: {len(words)} fields; {_FORMS}")
        named = words[5] if len(words) == 6 else zone
        _zone(text, named)
        cron = " ".join(words[:5])
        try:
            next(CronSim(cron, _PROBE))
        except (CronSimError, ValueError) as error:
            raise ValueError(f"{text!r} is not a schedule: {str(error).lower()}; {_FORMS}") from None
        except StopIteration:
            raise ValueError(f"{text!r} never fires: no month has such a day; {_FORMS}") from None
        return cls(text, named, cron)

    def next_after(self, moment: int, *, anchor: int) -> int:
        """The first slot later than `moment`. Intervals count from `anchor`, the schedule's first start."""
        return next(self._from(moment, anchor))

    def last_at(self, moment: int, *, anchor: int) -> int:
        """The latest slot at or before `moment`, without walking through those before it."""
        if self.every is not None:
            return anchor + (moment - anchor) // self.every * self.every
        zone = ZoneInfo(self.zone)
        local = _local(moment, zone)
        # In the second pass of a repeated hour, all readings of the first pass are behind us already.
        ahead = (local.replace(fold=0).utcoffset() or timedelta()) - (local.utcoffset() or timedelta())
        wall = (local + max(ahead, timedelta())).replace(tzinfo=None, microsecond=0) + timedelta(seconds=1)
        readings = CronSim(self.cron or "", wall, reverse=True)
        return next(slot for slot in (_instant(reading, zone) for reading in readings) if slot <= moment)

    def slots_between(self, after: int, until: int, *, anchor: int, most: int = MOST_SLOTS) -> list[int]:
        """The slots later than `after` up to and including `until`, the earliest `most` of them."""
        slots: list[int] = []
        for slot in self._from(after, anchor):
            if slot > until or len(slots) == most:
                break
            slots.append(slot)
        return slots

    def missed(self, policy: Missed, last_slot: int | None, now: int, *, anchor: int) -> list[int]:
        """The slots to publish now, of those that came since `last_slot`, the last one published.

        `once`: the latest of them alone; `skip`: the latest, unless it is later than ON_TIME; `all`: each,
        oldest first, at most MOST_SLOTS a call (the next call goes on behind them). A schedule that never ran
        has missed nothing, and a clock that is set back repeats nothing.
        """
        if last_slot is None or last_slot >= now:
            return []
        if policy == "all":
            return self.slots_between(last_slot, now, anchor=anchor)
        latest = self.last_at(now, anchor=anchor)
        too_late = policy == "skip" and now - latest > ON_TIME
        return [latest] if latest > last_slot and not too_late else []

    def _from(self, moment: int, anchor: int) -> Iterator[int]:
        """Every slot later than `moment`, in order."""
        if self.every is not None:
            slot = anchor + ((moment - anchor) // self.every + 1) * self.every
            while True:
                yield slot
                slot += self.every
        zone = ZoneInfo(self.zone)
        for reading in CronSim(self.cron or "", _local(moment, zone).replace(tzinfo=None)):
            slot = _instant(reading, zone)
            if slot > moment:  # also leaves out all but the first of the readings that one gap skipped
                yield slot
                moment = slot


def _interval(text: str, words: list[str]) -> int:
    if len(words) != 1:
        hint = "an interval has no time zone (cron has)" if len(words) == 2 else "one duration belongs there"
        raise ValueError(f"{text!r} is not a schedule: {hint}; {_FORMS}")
    try:
        every = parse_duration(words[0])
    except ValueError as error:
        raise ValueError(f"{text!r} is not a schedule: {error}") from None
    if not SECOND <= every <= 366 * 86_400 * SECOND:
        raise ValueError(f"{text!r} is not a schedule: {show_duration(every)} is not 1s to 366d; {_FORMS}")
    return every


def _zone(text: str, name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: "Europe" is a directory
        close = difflib.get_close_matches(name, available_timezones(), n=1)
        hint = f' (did you mean "{close[0]}"?)' if close else ""
        raise ValueError(f"{text!r} is not a schedule: {name!r} is not a time zone{hint}; {_FORMS}") from None


def _local(moment: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=moment)).astimezone(zone)


def _instant(reading: datetime, zone: ZoneInfo) -> int:
    """When the wall clock of `zone` first shows `reading`; the end of the gap where it never does."""
    early = reading.replace(tzinfo=zone).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == reading:
        return micros(early)
    # Skipped: read with the offset of after the change it lies before the change, and the other way round.
    low, high = micros(reading.replace(tzinfo=zone, fold=1).astimezone(UTC)), micros(early)
    offset = _local(high, zone).utcoffset()
    while high - low > SECOND:
        middle = (low + high) // 2 // SECOND * SECOND
        if middle <= low:
            break
        low, high = (low, middle) if _local(middle, zone).utcoffset() == offset else (middle, high)
    return high
