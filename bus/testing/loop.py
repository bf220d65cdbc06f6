"""An event loop whose time is virtual and whose tasks run in an order drawn from a seed."""

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable, Coroutine
from typing import Any

from needlework.bus.clock import SECOND, TimerHandle

START = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z, where the clocks of tests start."""
STEPS = 400_000
"""Callbacks after which a run counts as hanging."""


class Stuck(AssertionError):
    """Nothing is ready, no timer is set, and the coroutine that was to be run has not ended."""


_Loop: Any = asyncio.AbstractEventLoop
"""Without its types: of its sixty methods this one has what the bus calls, and fails where somebody wants a socket."""


class SimulationLoop(_Loop):  # type: ignore[misc]
    """Runs ready callbacks one by one. Plain callbacks keep their order, as asyncio promises; tasks do not.

    When nothing is ready the time jumps to the next timer. Nothing here waits for real.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._time = 0.0
        self._ready: list[asyncio.Handle] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = itertools.count()
        self.errors: list[dict[str, Any]] = []
        self.dead = False
        """After a crash nothing is taken any more."""

    def time(self) -> float:
        return self._time

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return asyncio._get_running_loop() is self

    def is_closed(self) -> bool:
        return False

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        if not self.dead:
            self._ready.append(handle)
        return handle

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        if not self.dead:
            heapq.heappush(self._timers, (when, next(self._count), handle))
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        return self.call_at(self._time + max(0.0, delay), callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing to do: a cancelled timer is dropped when its time comes."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], *, name: Any = None, context: Any = None) -> Any:
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> "asyncio.Future[Any]":
        """A `def` handler: it runs here, whole, when its turn comes."""
        future = self.create_future()

        def run() -> None:
            try:
                future.set_result(func(*args))
            except Exception as error:
                future.set_exception(error)

        self.call_soon(run)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self.dead:
            self.errors.append(context)

    def run(self, main: Coroutine[Any, Any, Any], *, stop: Callable[[], bool] = lambda: False) -> Any:
        """Run until `main` has ended, or `stop()` says that the process died now. Raises Stuck."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(main)
            for _ in range(STEPS):
                if task.done():
                    return task.result()
                if stop():
                    return None
                self._step()
            raise Stuck(f"not done after {STEPS} steps: {[t for t in asyncio.all_tasks(self) if not t.done()]}")
        finally:
            asyncio._set_running_loop(before)

    def _step(self) -> None:
        if not self._ready:
            self._jump()
        handle = self._ready.pop(self._choose())
        if not handle.cancelled():
            handle._run()

    def _choose(self) -> int:
        """Any task's step, or the first of the plain callbacks."""
        choices, plain = [], False
        for place, handle in enumerate(self._ready[:32]):
            if _is_step(handle):
                choices.append(place)
            elif not plain:
                choices.append(place)
                plain = True
        return self.random.choice(choices)

    def _jump(self) -> None:
        while self._timers:
            when, _, handle = heapq.heappop(self._timers)
            if not handle.cancelled():
                self._time = max(self._time, when)
                self._ready.append(handle)
                return
        raise Stuck("nothing is ready and no timer is set")


def _is_step(handle: asyncio.Handle) -> bool:
    callback = handle._callback  # type: ignore[attr-defined]
    return isinstance(getattr(callback, "__self__", None), asyncio.Task) or "Task" in type(callback).__name__


class LoopClock:
    """The clock of a simulation: a loop's virtual time. The wall clock may be set, and outlives a crash."""

    def __init__(self) -> None:
        self.loop: SimulationLoop | None = None
        self.base, self.offset = 0.0, 0

    def attach(self, loop: SimulationLoop) -> None:
        """Go on with the loop of the next process."""
        self.base, self.loop = self.monotonic(), loop

    def monotonic(self) -> float:
        return self.base + (self.loop.time() if self.loop is not None else 0.0)

    def now(self) -> int:
        return START + self.offset + round(self.monotonic() * SECOND)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        assert self.loop is not None  # `attach` comes first
        return self.loop.call_later(seconds, callback)
