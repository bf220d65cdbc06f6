"""Policy, as `topics.toml` writes it: one record a topic, a runner, a shared limit. Types live in Python."""

import re
from datetime import UTC, datetime
from typing import Literal

import msgspec
from needlework.bus.durations import parse_duration, parse_rate
from needlework.bus.permissions import Permission
from needlework.bus.retry import RetryPolicy
from needlework.bus.schedule import Missed, Schedule

_ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/[^\s?#]*)")


def moment_of(text: str) -> datetime:
    """A day, or an RFC 3339 time, in UTC. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write for example 2027-01-31") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


class TopicPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a topic's messages are published, ordered, retried, limited and kept."""

    summary: str
    permission: Permission
    route: str | None = None
    """`METHOD /path/{field}`; no route: reachable through publish only."""
    reply: Literal["result", "stream", "accepted"] = "accepted"
    status: int = 200
    """HTTP status of a result."""
    internal: bool = False
    """Only handlers and schedules may publish it."""
    query: bool = False
    """Only reads: run inline, never stored."""
    order: Literal["off", "key"] = "off"
    coalesce: Literal["off", "drop", "replace", "debounce"] = "off"
    priority: int = 5
    retry: RetryPolicy = RetryPolicy()
    timeout: str = "30s"
    retention: str = "7d"
    dead_retention: str = "90d"
    limits: tuple[str, ...] = ()
    replies: str | None = None
    """The runner whose result answers a caller; needed where several runners subscribe."""
    instead: dict[str, str] = {}
    """Field -> topic: where a caller over HTTP gives that field (not null, not false), the other takes the record."""
    large: bool = False
    """Its messages may be as large as a request body (or an upload) instead of 256 KiB."""
    process: bool = False
    """Run the `def` handler in a process of its own, with `report` instead of a context."""
    schedule: str | None = None
    """Published for every workspace at these times; all fields need defaults."""
    missed: Missed = "once"
    automatic: bool = False
    """Held while `config.tick.disable` is true: queue work that no caller waits for."""
    deprecated_since: str | None = None
    """The day, or RFC 3339 time, from which nobody should begin to use it: the `Deprecation` header."""
    sunset: str | None = None
    """The day, or RFC 3339 time, when it goes: the `Sunset` header."""

    def __post_init__(self) -> None:
        for text in (self.timeout, self.retention, self.dead_retention):
            parse_duration(text)
        since, until = [None if day is None else moment_of(day) for day in (self.deprecated_since, self.sunset)]
        if since is not None and until is not None and until < since:
            raise ValueError("sunset is before deprecated_since")
        if not 0 <= self.priority <= 9:
            raise ValueError("priority goes from 0 (first) to 9 (last)")
        if self.route is not None and not _ROUTE.fullmatch(self.route):
            raise ValueError(f"route {self.route!r} is not `METHOD /path`")
        if self.schedule is not None:
            Schedule.parse(self.schedule)
        if self.query and (self.order != "off" or self.coalesce != "off" or self.limits or self.schedule):
            raise ValueError("a query is never stored: order, coalesce, limits and schedule do not apply")
        if self.query and self.process:
            raise ValueError("a query is answered at once: process does not apply")

    @property
    def method(self) -> str:
        return (self.route or "POST /").split(" ", 1)[0]

    @property
    def path(self) -> str:
        return (self.route or "POST /").split(" ", 1)[1]


class RunnerPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a runner takes its deliveries."""

    description: str
    mode: Literal["auto", "tick"] = "auto"
    batch: int = 100
    """Messages of a tick or run when the caller names no number."""
    concurrency: int = 8
    lease: str = "60s"
    """For stores that hand a runner over by time. SQLite's does so by kernel locks alone: it changes nothing there."""
    schedule: str | None = None
    """Ticked in every workspace at these times (cron, or `every 30m`; a time zone may follow)."""
    missed: Missed = "once"
    hidden: bool = False
    """Left out of `/api/tick/runners` (the `system` runner)."""

    def __post_init__(self) -> None:
        parse_duration(self.lease)
        if self.schedule is not None:
            Schedule.parse(self.schedule)
        if not 1 <= self.batch <= 10_000 or not 1 <= self.concurrency <= 1_000:
            raise ValueError("batch goes from 1 to 10,000 and concurrency from 1 to 1,000")


class LimitPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shared limit: at most `concurrency` at once, at most `rate` starts; over it work waits, never drops."""

    concurrency: int | None = None
    rate: str | None = None

    def __post_init__(self) -> None:
        if self.concurrency is None and self.rate is None:
            raise ValueError("a limit needs concurrency, rate, or both")
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError("concurrency is at least 1")
        if self.rate is not None:
            parse_rate(self.rate)


class Policies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole `topics.toml`."""

    runners: dict[str, RunnerPolicy] = {}
    topics: dict[str, TopicPolicy] = {}
    limits: dict[str, LimitPolicy] = {}
