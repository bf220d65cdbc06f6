"""Named places at which a test's process kills itself: `CRASH_AT=name` or `CRASH_AT=name:k` for the k-th time.

Only the child of these tests reads this; the product knows nothing of it. The places wrap public seams: the
writer's connection (whose `execute` sees every BEGIN and COMMIT), the store's `finish`, and `close`.
"""

import itertools
import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

from needlework.bus.bus import Bus
from needlework.bus.sqlite import connections, migrating

POINTS = (
    "before-begin",
    "before-commit",
    "after-commit",
    "before-ack",
    "in-rescue",
    "after-rescue",
    "in-migration",
    "after-migration",
    "in-close",
    "before-release",
    "after-release",
)
_name, _, _count = os.environ.get("CRASH_AT", "").partition(":")
_nth = int(_count or 1)
_passed = itertools.count(1)
_armed = False


def passing(point: str) -> None:
    """Die here, if this is the place and the time."""
    if point and point == _name and next(_passed) == _nth:
        os.kill(os.getpid(), signal.SIGKILL)


class _Watched(connections._CallableConnection):
    """A connection that tells when it begins and commits."""

    def execute(self, sql: Any, parameters: Any = (), /) -> Any:
        if not _armed or not isinstance(sql, str):
            return super().execute(sql, parameters)
        if sql == "BEGIN IMMEDIATE":
            passing("before-begin")
        elif sql == "COMMIT":
            passing("before-commit")
            answer = super().execute(sql, parameters)
            passing("after-commit")
            return answer
        return super().execute(sql, parameters)


def _before(owner: Any, name: str, point: str, after: str = "") -> None:
    inner: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        passing(point)
        answer = inner(*args, **named)
        passing(after)
        return answer

    setattr(owner, name, wrapped)


def arm_opening() -> None:
    """The places before there is a bus."""
    connections._CallableConnection = _Watched
    inner = migrating._migrate_group

    def group(connection: sqlite3.Connection, name: str, *rest: Any) -> int:
        ran = inner(connection, name, *rest)
        if ran and name == "more":
            passing("in-migration")
        return ran

    migrating._migrate_group = group
    from needlework.bus.sqlite import rescuing, store

    _before(rescuing, "adopt", "in-rescue")
    _before(store, "migrate", "", "after-migration")


def arm(bus: Bus) -> None:
    """The places of a running bus."""
    global _armed
    _armed = True
    _before(bus.store, "finish", "before-ack")
    _before(bus.dispatcher, "start", "", "")
    release, close, own = bus.store.release, bus.store.close, bus.store.own

    async def released() -> None:
        passing("before-release")
        await release()
        passing("after-release")

    async def closed(**how: Any) -> None:
        await bus.store.writer.settled()
        passing("in-close")
        await close(**how)

    async def owned(runners: Any) -> int:
        rescued = await own(runners)
        passing("after-rescue")
        return rescued

    bus.store.release, bus.store.close, bus.store.own = released, closed, owned  # type: ignore[method-assign]
