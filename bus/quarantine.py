"""Quarantine: what was started in two processes that died runs alone, one at a time, between normal work."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from needlework.bus.errors import StorageError
from needlework.bus.records import Delivery
from needlework.bus.slots import Worker
from needlework.bus.straight import Begun
from needlework.bus.workers import RunnerQueue

if TYPE_CHECKING:
    from needlework.bus.dispatcher import Dispatcher

PATIENCE = 0.25, 5.0
"""Seconds that others get to end before a suspect runs alone, the first time and at most: each time in vain doubles."""
REST = 10.0
"""Times as long as it waited in vain nothing is held back then, unless it becomes quiet by itself."""
ALONE_EVERY = 1.0
"""Seconds of normal work between two suspects."""
CALM = 10.0
"""Seconds that the process must have lived before a suspect runs whose next death would bury it: a process that is
killed again and again from outside, or dies for reasons of its own, must not bury whatever ran just then."""


class Quarantine:
    """The suspects of one process. While `alone` is set nothing else starts."""

    def __init__(self, dispatcher: "Dispatcher") -> None:
        self._dispatcher = dispatcher
        self.alone: Delivery | None = None
        self._suspects: list[tuple[RunnerQueue, Delivery]] = []
        self._running = False
        self._idle = asyncio.Event()
        self._patience = PATIENCE[0]
        self._born = dispatcher.bus.clock.monotonic()

    def add(self, queue: RunnerQueue, delivery: Delivery) -> None:
        """A suspect was taken: it runs when its turn comes."""
        self._suspects.append((queue, delivery))
        if not self._running:
            self._running = True
            self._dispatcher.background(self._work(), "quarantine")

    def forget(self, seq: int) -> Delivery | None:
        """Take a suspect out (it was cancelled)."""
        for entry in self._suspects:
            if entry[1].seq == seq:
                self._suspects.remove(entry)
                return entry[1]
        return None

    def leave_all(self, queue: RunnerQueue) -> list[Delivery]:
        """Take out all of a runner's suspects: another process is to own it."""
        found = [delivery for other, delivery in self._suspects if other is queue]
        self._suspects = [entry for entry in self._suspects if entry[0] is not queue]
        return found

    def worker_left(self) -> None:
        """Some worker ended: it may be quiet now."""
        self._idle.set()

    async def stop(self) -> None:
        """The service stops: if it is killed meanwhile, that is not the suspect's doing."""
        if self.alone is not None:
            with contextlib.suppress(StorageError):
                await self._dispatcher.bus.store.mark(self.alone, 0)

    async def _work(self) -> None:
        """Run suspects alone, one at a time, between stretches of normal work."""
        rest, in_vain = ALONE_EVERY, False
        try:
            while self._suspects and not self._dispatcher.stopping:
                await self._wait(rest, for_quiet=in_vain)
                if (chosen := self._choose()) is None:
                    rest, in_vain = ALONE_EVERY, False
                    continue
                in_vain = not await self._try(*chosen)
                rest = max(ALONE_EVERY, self._patience * REST) if in_vain else ALONE_EVERY
                self._patience = min(PATIENCE[1], 2 * self._patience) if in_vain else PATIENCE[0]
        finally:
            self._running = False

    def _choose(self) -> tuple[RunnerQueue, Delivery] | None:
        """The next suspect; one whose next death would bury it only after a calm stretch."""
        calm = self._dispatcher.bus.clock.monotonic() - self._born >= CALM
        for entry in self._suspects:
            if calm or not entry[1].deaths:
                self._suspects.remove(entry)
                return entry
        return None

    async def _try(self, queue: RunnerQueue, delivery: Delivery) -> bool:
        """Hold the others back and run a suspect; False where handlers that run already do not end in time."""
        self.alone = delivery
        try:
            if not await self._wait(self._patience, for_quiet=True):
                self._suspects.append((queue, delivery))
                return False
            if delivery.revoked is not None:  # cancelled while it waited for quiet
                queue.end_cancelled(delivery, delivery.revoked)
            elif not self._dispatcher.stopping:
                await self._run_alone(queue, delivery)
            return True
        finally:
            self.alone = None
            for other in self._dispatcher.queues.values():
                other.wake()

    async def _run_alone(self, queue: RunnerQueue, delivery: Delivery) -> None:
        """One suspect, with the durable mark that says that nothing else ran."""
        await self._dispatcher.persist(lambda: self._dispatcher.bus.store.mark(delivery, 2))
        if self._dispatcher.stopping:
            return
        self._dispatcher.limits.use(delivery)
        worker = Worker()
        worker.task = asyncio.current_task()
        queue.workers.add(worker)
        try:
            await queue.run(worker, Begun(delivery))
        finally:
            queue.workers.discard(worker)
        await self._dispatcher.bus.store.settled()
        if delivery.seq in queue.held:  # its end is not committed yet: from now on it is not alone any more
            await self._dispatcher.persist(lambda: self._dispatcher.bus.store.mark(delivery, 0))

    async def _wait(self, seconds: float, *, for_quiet: bool) -> bool:
        """Let so much time pass, or `for_quiet` only until no handler runs: whether none runs then."""
        late = asyncio.Event()

        def over() -> None:
            late.set()
            self._idle.set()

        timer = self._dispatcher.bus.clock.call_later(seconds, over)
        try:
            while True:
                if for_quiet and not any(queue.workers for queue in self._dispatcher.queues.values()):
                    return True
                if late.is_set():
                    return False
                self._idle.clear()
                await self._idle.wait()
        finally:
            timer.cancel()
