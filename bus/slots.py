"""What a runner's queue keeps: what it knows of each lane, its slots of concurrency, how each handler is called."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
from needlework.bus.clock import SECOND
from needlework.bus.records import Delivery
from needlework.bus.registry import Topic
from needlework.bus.subscriptions import Subscription


class LaneState:
    """What is known in memory of one (workspace, priority) lane in the store."""

    __slots__ = ("behind", "cursor", "more", "next_due", "notices")

    def __init__(self) -> None:
        self.more = True
        self.cursor: tuple[int, int] = (0, 0)
        self.next_due: int | None = None
        self.notices = 0
        self.behind: tuple[int, int] | None = None
        """The first (due, message) that came to wait while a page was on its way."""


class Worker:
    """One slot of a runner's concurrency. `why` says why its handler is being broken off."""

    __slots__ = ("deadline", "delivery", "task", "why")

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.delivery: Delivery | None = None
        self.deadline = 0.0
        self.why: str | None = None

    def break_off(self, why: str) -> None:
        """Cancel the handler that runs now; the worker itself goes on."""
        if self.task is not None and self.delivery is not None and self.why is None:
            self.why = why
            self.task.cancel(why)

    async def calm(self) -> None:
        """Take back every cancellation of an attempt that has ended: the next delivery must not meet one."""
        if self.task is not None and self.task.cancelling():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
            while self.task.cancelling():
                self.task.uncancel()


class Call(msgspec.Struct, frozen=True, eq=False):
    """How one topic's handler is called, worked out once."""

    function: Callable[..., Any]
    is_async: bool
    seconds: float
    """Its time limit."""
    limited: bool
    """Whether shared limits hold for it."""
    direct: bool
    """Whether its first step may be taken without a task of its own: a coroutine, no limits."""

    @classmethod
    def of(cls, topic: Topic, subscription: Subscription) -> "Call":
        """For one topic of a runner."""
        limited = bool(topic.policy.limits)
        direct = subscription.is_async and not limited
        return cls(subscription.function, subscription.is_async, topic.timeout / SECOND, limited, direct)
