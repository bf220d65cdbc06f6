"""For tests: a clock that they move, a folder of plug-ins, a bus on a temporary directory, what it reported.

`needlework.bus.testing.crashes` runs handlers under many seeded crashes.
"""

import asyncio
import contextlib
import heapq
import itertools
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from needlework.bus.bus import Bus
from needlework.bus.clock import SECOND, Clock
from needlework.bus.events import Filter
from needlework.bus.plugins import load_plugins
from needlework.bus.records import EventRecord
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.testing.loop import START


class _Timer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def fire(self) -> None:
        if self.callback is not None:
            self.callback()


class ManualClock:
    """A clock that stands still until `advance`; timers run in order of their time, those without delay at once."""

    def __init__(self, start: int = START) -> None:
        self._wall, self._monotonic = start, 0.0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._count = itertools.count()

    def now(self) -> int:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def call_later(self, seconds: float, callback: Callable[[], None]) -> _Timer:
        timer = _Timer(callback)
        if seconds <= 0.0:  # nobody would move a clock for it
            asyncio.get_running_loop().call_soon(timer.fire)
            return timer
        heapq.heappush(self._timers, (self._monotonic + seconds, next(self._count), timer))
        return timer

    def step(self, seconds: float) -> None:
        """Move the wall clock alone, as an administrator would."""
        self._wall += round(seconds * SECOND)

    def advance(self, seconds: float) -> None:
        """Let time pass; run the timers whose time came."""
        end = self._monotonic + seconds
        while self._timers and self._timers[0][0] <= end:
            at, _, timer = heapq.heappop(self._timers)
            self._pass(max(0.0, at - self._monotonic))
            timer.fire()
        self._pass(max(0.0, end - self._monotonic))

    def _pass(self, seconds: float) -> None:
        self._monotonic += seconds
        self._wall += round(seconds * SECOND)

    def next_timer(self) -> float | None:
        """Seconds until the next timer, or None."""
        live = [at for at, _, timer in self._timers if timer.callback is not None]
        return max(0.0, min(live) - self._monotonic) if live else None


def plugin_registry(folder: Path) -> Registry:
    """The registry of the plug-ins in `folder` alone: nothing built in, nothing installed.

    Raises ConfigError with every problem.
    """
    plugins, _ = load_plugins([folder], installed=())
    policies = [plugin.policy for plugin in plugins if plugin.policy is not None]
    return Registry.load([], policies, [module for plugin in plugins for module in plugin.modules])


@contextlib.asynccontextmanager
async def running_bus(
    registry: Registry,
    directory: Path,
    *,
    clock: Clock | None = None,
    runners: Sequence[str] | None = None,
    seed: int | None = None,
    **options: Any,
) -> AsyncIterator[Bus]:
    """A started bus in `directory`.

    For the built-in operations pass `compose.builtin_registry()` and `groups=compose.handler_groups()`.
    """
    source = None if seed is None else random.Random(seed)
    bus = await Bus.open(directory, registry, clock=clock, source=source, **options)
    failures: list[str] = []
    bus.failed = lambda name, error: failures.append(f"{name}: {error!r}")
    await bus.start(runners)
    try:
        yield bus
    finally:
        await bus.stop(grace=1.0)
    assert not failures, failures


async def drain(bus: Bus, *, seconds: float = 20.0) -> None:
    """Until nothing is due and nothing is in flight. Raises TimeoutError after `seconds` of real time."""
    async with asyncio.timeout(seconds):
        while await _busy(bus):  # noqa: ASYNC110 - it asks the database, which tells nobody
            await asyncio.sleep(0.002)


async def recorded(bus: Bus, *, workspace: str = "default", topic: str | None = None) -> list[EventRecord]:
    """Everything that messages of a workspace have reported so far, in order; of one topic where it is named."""
    await bus.store.settled()
    number = bus.store.topics[topic].number if topic is not None else None
    wanted = Filter(bus.workspaces.by_name[workspace].id, None, number)
    found: list[EventRecord] = []
    while page := await bus.watching.page(wanted, found[-1].seq if found else 0, 500):
        found += page
    return found


async def _busy(bus: Bus) -> bool:
    await bus.store.writer.settled()
    if any(queue.held or queue._refilling for queue in bus.dispatcher.queues.values()):
        return True
    due = await bus.store.read(
        Statement("SELECT 1 FROM deliveries WHERE due <= ? LIMIT 1", (bus.maintenance.due_by(),))
    )
    return bool(due) or bool(bus.dispatcher._tasks)
