"""Durations and sizes as people write them in the settings: a number and a unit."""

import re
from collections.abc import Mapping

from needlework.bus.durations import UNITS, parse_duration

_SIZES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_LARGEST = 1024**5


class Duration(int):
    """Microseconds, written with a unit: "30s", "7d"."""

    @property
    def seconds(self) -> float:
        """The same in seconds, for timers."""
        return self / 1_000_000

    @property
    def text(self) -> str:
        """As `of` reads it, in the largest unit that needs no fraction."""
        return _in_units(self, UNITS)

    @classmethod
    def of(cls, text: str) -> "Duration":
        """As it is written. Raises ValueError."""
        return cls(parse_duration(text))


class Size(int):
    """Bytes, written with a unit: "256KiB", "1MiB"."""

    @property
    def text(self) -> str:
        """As `of` reads it, in the largest unit that needs no fraction."""
        return _in_units(self, _SIZES)

    @classmethod
    def of(cls, text: str) -> "Size":
        """As it is written. Raises ValueError."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB)", text)
        if match is None:
            raise ValueError(f'{text!r} is not a size; write a number and a unit (B, KiB, MiB, GiB), e.g. "1MiB"')
        size = float(match[1]) * _SIZES[match[2]]
        if size > _LARGEST:
            raise ValueError(f"{text[:20]!r} is more than a pebibyte")
        return cls(size)


def _in_units(amount: int, units: Mapping[str, int]) -> str:
    unit, size = max((each for each in units.items() if amount % each[1] == 0), key=lambda each: each[1])
    return f"{amount // size}{unit}"
