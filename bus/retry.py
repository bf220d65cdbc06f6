"""When a failed delivery runs again: exponential backoff with deterministic jitter (promise P7)."""

import zlib

import msgspec
from needlework.bus.durations import parse_duration


class RetryPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often and when a failed delivery runs again. Durations are strings with units."""

    attempts: int = 5
    first: str = "2s"
    factor: float = 2.0
    most: str = "10m"
    jitter: float = 0.2

    def __post_init__(self) -> None:
        parse_duration(self.first)
        parse_duration(self.most)
        if self.attempts < 1 or self.factor < 1 or not 0 <= self.jitter <= 1:
            raise ValueError("retry needs attempts >= 1, factor >= 1 and jitter from 0 to 1")

    def delay(self, attempt: int, seed: str) -> int:
        """Microseconds to wait after failed attempt `attempt` (from 1).

        min(most, first * factor^(attempt-1)), spread by +-jitter; the same (seed, attempt) gives the same delay.
        """
        first, most = parse_duration(self.first), parse_duration(self.most)
        exponent = min(attempt - 1, 64)
        base = min(float(most), first * self.factor**exponent)
        spread = zlib.crc32(f"{seed}:{attempt}".encode()) / 0xFFFFFFFF * 2 - 1
        return max(0, min(most, round(base * (1 + self.jitter * spread))))
