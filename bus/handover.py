"""Runners change hands: taken up by this process, or brought to rest so that another may take them."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from needlework.bus.records import Delivery
from needlework.bus.slots import LaneState
from needlework.bus.workers import RunnerQueue

if TYPE_CHECKING:
    from needlework.bus.dispatcher import Dispatcher

LOOK = 0.01
"""Seconds between two looks whether it rests."""


class Handover:
    """Makes runners' queues, drains them, and takes them out of the dispatcher."""

    def __init__(self, dispatcher: "Dispatcher") -> None:
        self._dispatcher = dispatcher
        self._final = False

    async def drain(self, names: Sequence[str], seconds: float) -> bool:
        """Start nothing more, put back what has not started, wait for the rest. False: they go on as before."""
        queues = [self._dispatcher.queues[name] for name in names]
        if any(self._stuck(queue) or self._dispatcher.runs.under_way(queue.lane.name) for queue in queues):
            return False
        for queue in queues:
            queue.leaving, queue.lane.live = True, False
        end = asyncio.get_running_loop().time() + seconds
        try:
            while not await self._rest(queues):
                late = asyncio.get_running_loop().time() >= end
                if late or self._dispatcher.stopping or any(self._stuck(queue) for queue in queues):
                    self._go_on(queues)
                    return False
                await asyncio.sleep(LOOK)
        except BaseException:
            self._go_on(queues)
            raise
        return True

    async def _rest(self, queues: Sequence[RunnerQueue]) -> bool:
        """Put back what has not started; whether nothing is left."""
        store = self._dispatcher.bus.store.shared
        await self._dispatcher.persist(lambda: store.put_back(()))  # behind what is being handed over just now
        unstarted = self._unstarted(queues)
        if unstarted:
            await self._dispatcher.persist(lambda: store.put_back(unstarted))
            for delivery in unstarted:
                self._dispatcher.queues[delivery.runner.name].forget(delivery)
        return not any(queue.held or queue.workers or queue._refilling for queue in queues)

    def _unstarted(self, queues: Sequence[RunnerQueue]) -> list[Delivery]:
        """Take out what is ready, waits for a limit, or is a suspect whose turn has not come."""
        found: list[Delivery] = []
        for queue in queues:
            while (delivery := queue.ready.pop()) is not None:
                found.append(delivery)
            found += self._dispatcher.limits.leave_all(queue.lane)
            found += self._dispatcher.quarantine.leave_all(queue)
        return found

    def _stuck(self, queue: RunnerQueue) -> bool:
        """A thread that has overrun its time can't be waited for."""
        return any(worker.why == "timeout" and self._dispatcher._in_thread(worker) for worker in queue.workers)

    def leave(self) -> None:
        """The process stops: nothing more starts, and what does not come to rest does not go on."""
        self._final = True
        for queue in self._dispatcher.queues.values():
            queue.leaving, queue.lane.live = True, False

    def _go_on(self, queues: Sequence[RunnerQueue]) -> None:
        for queue in [] if self._final else queues:
            queue.leaving = False
            for state in queue.lanes.values():
                state.more, state.cursor = True, (0, 0)
            queue.wake()

    async def take_up(self, runners: Sequence[str]) -> None:
        """Run what this process has just come to own."""
        dispatcher = self._dispatcher
        if twice := [name for name in runners if name in dispatcher.queues]:
            raise RuntimeError(f"runner {twice[0]!r} is run here already")  # two queues would run everything twice
        for name in runners:
            lane = dispatcher.bus.store.runners[name]
            queue = dispatcher.queues[name] = RunnerQueue(lane, dispatcher)
            places = await dispatcher.persist(partial(dispatcher.bus.store.lanes, lane))
            queue.lanes.update({place: LaneState() for place in places})
            queue._refilling = False
            queue.wake()
        dispatcher.background(dispatcher.bus.holds.start(), "let go")
        dispatcher.background(dispatcher.persist(dispatcher.bus.asks.look), "asks")

    def arrived(self, arrivals: Sequence[tuple[int, int, int, int, int]]) -> None:
        """Other processes let deliveries wait for our runners."""
        dispatcher = self._dispatcher
        now = dispatcher.bus.clock.now()
        for number, workspace, priority, due, seq in arrivals:
            lane = dispatcher.bus.store.runners_by_number.get(number)
            queue = None if lane is None else dispatcher.queues.get(lane.name)
            if queue is not None:
                queue.note_waiting(workspace, priority, due, seq, now)
                if due <= now:
                    queue.lane.live = False
                    queue.wake()

    def drop(self, names: Sequence[str]) -> None:
        """They belong to nobody now: forget them here."""
        for name in names:
            queue = self._dispatcher.queues.pop(name)
            queue.lane.taken = queue.lane.accepted = queue.lane.room = 0
