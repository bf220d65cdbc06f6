"""Quarantine: what was started in two processes that died runs alone, one at a time, between normal work."""

import asyncio
from typing import TYPE_CHECKING

from needlework.bus.records import Delivery
from needlework.bus.slots import Worker
from needlework.bus.straight import Begun
from needlework.bus.workers import RunnerQueue

if TYPE_CHECKING:
    from needlework.bus.dispatcher import Dispatcher

QUIET_WITHIN = 5.0
"""Seconds that others get to end before a suspect runs alone; else it is tried again later."""
ALONE_EVERY = 1.0
"""Seconds of normal work between two suspects."""


class Quarantine:
    """The suspects of one process. While `alone` is set nothing else starts."""

    def __init__(self, dispatcher: "Dispatcher") -> None:
        self._dispatcher = dispatcher
        self.alone: Delivery | None = None
        self._suspects: list[tuple[RunnerQueue, Delivery]] = []
        self._running = False
        self._idle = asyncio.Event()

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

    def worker_left(self) -> None:
        """Some worker ended: it may be quiet now."""
        self._idle.set()

    async def _work(self) -> None:
        """Run suspects alone, one at a time, between stretches of normal work."""
        try:
            while self._suspects and not self._dispatcher.stopping:
                await self._pause(ALONE_EVERY)
                if not self._suspects:
                    return
                queue, delivery = self._suspects.pop(0)
                self.alone = delivery
                try:
                    if not await self._until_quiet():
                        self._suspects.append((queue, delivery))
                    elif delivery.revoked is not None:  # cancelled while it waited for quiet
                        queue.end_cancelled(delivery, delivery.revoked)
                    elif not self._dispatcher.stopping:
                        await self._run_alone(queue, delivery)
                finally:
                    self.alone = None
                    for other in self._dispatcher.queues.values():
                        other.wake()
        finally:
            self._running = False

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

    async def _pause(self, seconds: float) -> None:
        done = asyncio.Event()
        self._dispatcher.bus.clock.call_later(seconds, done.set)
        await done.wait()

    async def _until_quiet(self) -> bool:
        """Wait until no handler runs; False where one (an overrunning thread) does not end in time."""
        late = asyncio.Event()

        def give_up() -> None:
            late.set()
            self._idle.set()

        timer = self._dispatcher.bus.clock.call_later(QUIET_WITHIN, give_up)
        try:
            while any(queue.workers for queue in self._dispatcher.queues.values()):
                if late.is_set():
                    return False
                self._idle.clear()
                await self._idle.wait()
            return True
        finally:
            timer.cancel()
