"""Durations and rates as people write them: "30s", "1h30m", "7d", "60/m"."""

import re

UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
"""Unit -> microseconds."""
_LONGEST = 1000 * 366 * UNITS["d"]
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d|w)")


def parse_duration(text: str) -> int:
    """Microseconds of a duration such as "250ms", "30s", "1h30m", "7d". Raises ValueError with the accepted form."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'{text!r} is not a duration; write a number and a unit (ms, s, m, h, d, w), e.g. "30s"')
    micros = sum(float(number) * UNITS[unit] for number, unit in parts)
    if micros > _LONGEST:
        raise ValueError(f"{text[:20]!r} is more than a thousand years")
    return round(micros)


def parse_rate(text: str) -> float:
    """Starts a second of a rate such as "60/m" or "5/s". Raises ValueError with the accepted form."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)/(s|m|h|d)", text)
    if match is None or float(match[1]) <= 0:
        raise ValueError(f'{text!r} is not a rate; write a count and a unit, e.g. "60/m"')
    return float(match[1]) / (UNITS[match[2]] / 1_000_000)


def show_duration(micros: int) -> str:
    """Microseconds as people write them, largest unit first: 5_400_000_000 is "1h30m"."""
    if micros < 1000:
        return f"{micros}us"
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, micros = divmod(micros, UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
