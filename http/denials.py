"""Refused callers: counted per address, and told to the audit log at a bounded rate.

A denial must stay cheap, or whoever is refused can still keep the server busy: at most a handful of lines a
minute are written, the rest is counted into the next one.
"""

import asyncio
import ipaddress
import logging
from functools import lru_cache

from needlework.bus.audit import Audit
from needlework.bus.clock import Clock
from needlework.bus.principals import Principal, Requester

logger = logging.getLogger("needlework.http")

_ADDRESSES = 10_000
_MINUTE = 60.0


class Failures:
    """Wrong credentials per address within the last minute. Bounded: the oldest address is forgotten."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock, self._most = clock, most
        self._counts: dict[str, tuple[float, int]] = {}

    def blocked(self, address: str) -> int | None:
        """Seconds for which `address` gets 429, or None."""
        begun, count = self._counts.get(address, (0.0, 0))
        left = begun + _MINUTE - self._clock.monotonic()
        return max(1, round(left)) if count >= self._most and left > 0 else None

    def note(self, address: str) -> None:
        """One more wrong credential from `address`."""
        now = self._clock.monotonic()
        begun, count = self._counts.pop(address, (now, 0))
        if now - begun > _MINUTE:
            begun, count = now, 0
        if len(self._counts) >= _ADDRESSES:
            del self._counts[next(iter(self._counts))]
        self._counts[address] = (begun, count + 1)


class DenialLog:
    """Writes denials to the audit log: ten at once, then one every six seconds, naming what it left out."""

    def __init__(self, audit: Audit, clock: Clock, *, burst: int = 10, every: float = 6.0) -> None:
        self._audit, self._clock, self._burst, self._every = audit, clock, burst, every
        self._left, self._refilled = float(burst), clock.monotonic()
        self._skipped = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, who: str, code: str, target: str, request_id: str, origin: str) -> None:
        """Tell of one denial, unless too many were told of a moment ago. Returns at once."""
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._refilled) / self._every)
        self._refilled = now
        if self._left < 1:
            self._skipped += 1
            return
        self._left -= 1
        detail, self._skipped = (f"and {self._skipped} more before it" if self._skipped else ""), 0
        task = asyncio.ensure_future(self._write(who, code, target, request_id, origin, detail))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until what was noted is written."""
        await asyncio.gather(*self._tasks)

    async def _write(self, who: str, code: str, target: str, request_id: str, origin: str, detail: str) -> None:
        try:
            nobody = Requester(Principal(who, frozenset()), request_id, origin)
            await self._audit.record(nobody, None, "request.denied", target, code, detail=detail)
        except Exception as error:
            logger.warning("a denial could not be audited: %s", error)  # it is denied all the same


@lru_cache(maxsize=4096)
def address_of(client: tuple[str, int] | None) -> str:
    """Where a caller is counted: the address, or the /64 that one household of IPv6 gets."""
    if client is None:
        return "unix"
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0])
    except ValueError:
        return client[0]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
