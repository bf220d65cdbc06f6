"""Time as a value: every reading and every timer goes through a `Clock` that is passed in."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

SECOND = 1_000_000
"""Microseconds in a second; stored times are integer microseconds UTC."""


class TimerHandle(Protocol):
    """A timer that can be called off."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Where the time comes from. Wall time decides what is due; monotonic time measures durations."""

    def now(self) -> int:
        """Wall time, integer microseconds UTC since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backward."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run `callback` in the event loop after `seconds` of monotonic time."""
        ...


class SystemClock:
    """The machine's clocks and the running event loop's timers."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback)


def rfc3339(micros: int) -> str:
    """Integer microseconds as RFC 3339 UTC, e.g. `2024-01-01T12:00:00.250000Z`; whole seconds without fraction."""
    seconds, rest = divmod(micros, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:06d}Z" if rest else f"{text}Z"


def micros(moment: datetime) -> int:
    """An aware datetime as integer microseconds UTC. Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, for example 2024-01-01T12:00:00Z")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds
