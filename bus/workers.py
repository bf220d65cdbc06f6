"""A runner's queue in this process: takes pages of due deliveries, and workers that run them.

Workers are tasks that live while there is work; a handler that never waits costs no task of its own.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from needlework.bus.context import Context
from needlework.bus.errors import GuardFailed, LeaseLost
from needlework.bus.execution import GUARD_TRIES
from needlework.bus.records import Completions, Delivery, Finish, RunnerLane, ignore
from needlework.bus.slots import Call, LaneState, Worker
from needlework.bus.straight import STRETCH, Begun, run_straight
from needlework.bus.tracing import traced
from needlework.bus.turns import Turns

if TYPE_CHECKING:
    from needlework.bus.dispatcher import Dispatcher

PAGE = 512
"""Deliveries read in one transaction: what is published meanwhile waits for it."""
CAPACITY = 4096
"""Deliveries one runner holds in memory at most, ready, running or waiting for their ack's commit."""


class RunnerQueue:
    """The deliveries of one runner that this process holds."""

    def __init__(self, lane: RunnerLane, dispatcher: "Dispatcher") -> None:
        self.lane, self.dispatcher = lane, dispatcher
        self.policy = lane.runner.policy
        coalesces = any(dispatcher.bus.registry.topics[name].policy.coalesce != "off" for name in lane.runner.topics)
        # what is taken counts as running and is never absorbed into: coalescing runners take only what they can start
        self.capacity = self.policy.concurrency if coalesces else max(CAPACITY, self.policy.concurrency * 2)
        self.refill_at = 1 if coalesces else self.capacity // 2
        """Free places from which on more is fetched: a coalescing runner must not leave one of its few idle."""
        self.calls = {
            name: Call.of(dispatcher.bus.registry.topics[name], subscription)
            for name, subscription in lane.runner.topics.items()
        }
        self.held: dict[int, Delivery] = {}
        self.lanes: dict[tuple[int, int], LaneState] = {}
        self.ready = Turns()
        self.workers: set[Worker] = set()
        self._refilling = True  # nothing is fetched before the lanes are known
        self.leaving = False  # set while another process is to own it: nothing more is taken or started
        self._turn = 0

    @property
    def paused(self) -> bool:
        return self.leaving or self.lane.name in self.dispatcher.bus.controls.paused_runners

    def accept(self, delivery: Delivery) -> None:
        """A delivery was handed to this process."""
        self.held[delivery.seq] = delivery
        self.ready.push(delivery)
        self.lane.accepted += 1

    def note_waiting(self, workspace: int, priority: int, due: int, seq: int, now: int) -> None:
        """A delivery waits in the store."""
        state = self.lanes.get((workspace, priority))
        if state is None:
            state = self.lanes[workspace, priority] = LaneState()
            state.more = False
        state.notices += 1
        if due <= now:
            state.more = True
            state.cursor = min(state.cursor, (due, seq - 1))
            state.behind = (due, seq - 1) if state.behind is None else min(state.behind, (due, seq - 1))
        elif state.next_due is None or due < state.next_due:
            state.next_due = due
            self.dispatcher.arm(due)

    def become_due(self, now: int) -> None:
        """Mark the lanes whose next delivery is due."""
        for state in self.lanes.values():
            if state.next_due is not None and state.next_due <= now:
                state.next_due, state.more, state.cursor = None, True, (0, 0)

    def wake(self) -> None:
        """Start what can be started, fetch what can be fetched."""
        if self.dispatcher.stopping:
            return
        self.wake_workers()
        wanting = not self._refilling and not self.lane.live and self.lane.room >= self.refill_at
        if wanting and self.dispatcher.runs.feed(self):
            self._refilling = True
            self.dispatcher.background(self._refill(), f"refill {self.lane.name}")

    def spawn(self) -> None:
        """One more worker."""
        worker = Worker()
        self.workers.add(worker)
        worker.task = asyncio.get_running_loop().create_task(self._work(worker), name=f"runner {self.lane.name}")

    async def _refill(self) -> None:
        try:
            while not self.dispatcher.stopping:
                room = self.capacity - len(self.held)
                place = self._next_lane()
                if place is None:
                    waiting = any(state.more for state in self.lanes.values())
                    self.lane.live = self.policy.mode == "auto" and not self.paused and not waiting
                    return
                if room <= 0:
                    return
                within = self.dispatcher.runs.room(self, place[0])
                await self._take(place, min(room, PAGE) if within is None else min(room, PAGE, within))
        finally:
            self._refilling = False
            self.wake_workers()

    def wake_workers(self) -> None:
        """Start workers for what is ready, without fetching more."""
        self.lane.room = self.capacity - len(self.held)
        if self.ready.count and len(self.workers) < self.policy.concurrency and self.dispatcher.open_for(self):
            self.spawn()

    async def _take(self, place: tuple[int, int], limit: int) -> None:
        state = self.lanes[place]
        notices, now, state.behind = state.notices, self.dispatcher.bus.maintenance.due_by(), None
        cursor = state.cursor
        page = await self.dispatcher.persist(
            lambda: self.dispatcher.bus.store.take(self.lane, place, cursor, limit, now)
        )
        self.held.update({delivery.seq: delivery for delivery in page.deliveries})
        self.ready.extend(*place, page.deliveries)
        self.lane.accepted += len(page.deliveries)
        state.more = page.more or state.notices != notices
        state.cursor = page.cursor if state.behind is None else min(page.cursor, state.behind)
        if page.next_due is not None and (state.next_due is None or page.next_due < state.next_due):
            state.next_due = page.next_due
            self.dispatcher.arm(page.next_due)
        self.wake_workers()

    def _next_lane(self) -> tuple[int, int] | None:
        """The next lane to read: workspaces in turn, the better priority first."""
        runs = self.dispatcher.runs
        open_lanes = sorted(place for place, state in self.lanes.items() if state.more and runs.serve(self, place[0]))
        if not open_lanes:
            return None
        place = next((place for place in open_lanes if place[0] > self._turn), open_lanes[0])
        self._turn = place[0]
        return place

    def next(self, calm: bool = False) -> Delivery | None:
        """The next delivery that may start now; `calm` says that nothing is held back as a whole."""
        dispatcher, ready = self.dispatcher, self.ready
        while calm or dispatcher.open_for(self):
            delivery = ready.pop()
            if delivery is None:
                return None
            if calm and not (delivery.suspicion or delivery.lane.limited or delivery.revoked is not None):
                return delivery
            if not dispatcher.particular(delivery) or dispatcher.admit(self, delivery):
                return delivery
            calm = False  # where it was put may hold the others back too
        return None

    async def _work(self, worker: Worker) -> None:
        since = 0
        try:
            while True:
                count, begun = run_straight(self, worker)
                if begun is not None:
                    if self.ready.count and len(self.workers) < self.policy.concurrency:
                        self.spawn()
                    await self.run(worker, begun)
                elif count < STRETCH:
                    return
                since += count + 1
                if since >= STRETCH:
                    since = 0
                    await asyncio.sleep(0)
        finally:
            self.workers.discard(worker)
            self.dispatcher.worker_left(self)

    async def run(self, worker: Worker, begun: Begun) -> None:
        """One attempt of a delivery in a worker's slot, whatever ends it."""
        delivery = begun.delivery
        dispatcher, call = self.dispatcher, self.calls[delivery.lane.name]
        delivery.started = True
        if delivery.suspicion == 1:
            await dispatcher.persist(lambda: dispatcher.bus.store.mark(delivery, 1))
        context = begun.context or Context(dispatcher.bus, delivery)
        worker.delivery = delivery
        worker.deadline = dispatcher.begin() + call.seconds
        try:
            result = await (begun.waiting or traced(context, self._call_handler(call, delivery, context)))
            await worker.calm()
            if worker.why is not None:  # it swallowed the cancellation
                raise asyncio.CancelledError(worker.why)
            finish: Finish | None = dispatcher.execution.result(delivery, result, self.settled)
        except BaseException as error:  # a runner survives whatever a handler raises
            await worker.calm()
            finish = self._failed(worker, delivery, error)
            context.collected()
        finally:
            worker.delivery = None
            context.closed = True
            if call.limited:
                dispatcher.limits.leave(delivery)
        if finish is not None:
            dispatcher.execution.commit(finish, context)

    async def _call_handler(self, call: Call, delivery: Delivery, context: Context) -> Any:
        execution = self.dispatcher.execution
        message = delivery.message or execution.message_of(delivery)
        if call.is_async:
            return await call.function(message, context)
        return await execution.aside(call.function, delivery, message, context)

    def _failed(self, worker: Worker, delivery: Delivery, error: BaseException) -> Finish | None:
        """What an exception means: the handler's own, or our breaking it off. None: it stays unfinished."""
        why, worker.why = worker.why, None
        execution = self.dispatcher.execution
        if why is None and isinstance(error, GuardFailed):  # of a step: the handler runs again, as at its end
            self._again(delivery, error)
            return None
        if why is None and not isinstance(error, asyncio.CancelledError):
            return execution.failure(delivery, error, self.settled)
        if why is None:
            return execution.failure(delivery, RuntimeError("the handler cancelled itself"), self.settled)
        if why == "stop":
            self.break_off(delivery)
            return None
        if why.startswith("cancel:"):
            return execution.cancelled(delivery, why[7:], self.settled)
        text = f"timed out after {self.calls[delivery.lane.name].seconds:g} s"
        return execution.failure(delivery, TimeoutError(text), self.settled)

    def break_off(self, delivery: Delivery) -> None:
        """The service ends around a handler that was started: its next attempt is another one, none has failed."""
        if self.held.pop(delivery.seq, None) is not None:
            self.dispatcher.bus.store.finish(self.dispatcher.execution.broken_off(delivery))

    def end_cancelled(self, delivery: Delivery, by: str) -> None:
        """End a delivery that has not started as cancelled."""
        self.dispatcher.bus.store.finish(self.dispatcher.execution.cancelled(delivery, by, self.settled))

    def settled(self, finish: Finish, error: Exception | None) -> None:
        """A finish was committed, or could not be."""
        dispatcher, delivery = self.dispatcher, finish.delivery
        step = "done" if error is None else dispatcher.execution.settled(finish, error)
        if step == "again":
            self._again(delivery, error)
        elif step == "done":
            self.forget(delivery)
            if dispatcher.guard_tries or dispatcher.runs.matter:
                dispatcher.finished(self, delivery, finish.kind)

    def completed(self, completions: Completions, error: Exception | None) -> None:
        """A stretch of attempts was acknowledged, or could not be: then each goes its own way."""
        dispatcher = self.dispatcher
        if error is not None:
            alone = isinstance(error, LeaseLost) and len(completions.ends) > 1  # perhaps only one of them is gone
            for delivery, report, data in completions.ends:
                if report is not None:
                    dispatcher.bus.store.finish(Finish(delivery, "progress", report, ignore))
                finish = Finish(delivery, "result", data, self.settled)
                if alone:
                    dispatcher.bus.store.finish(finish)
                else:
                    self.settled(finish, error)
            return
        for delivery, _, _ in completions.ends:
            self.held.pop(delivery.seq, None)
            if dispatcher.guard_tries or dispatcher.runs.matter:
                dispatcher.finished(self, delivery, "result")
        self._has_room()

    def _again(self, delivery: Delivery, error: Exception | None) -> None:
        """A guard failed: run it again at once, which costs no attempt; not for ever."""
        tries = self.dispatcher.guard_tries.get(delivery.seq, 0) + 1
        if tries >= GUARD_TRIES and error is not None:
            self.dispatcher.guard_tries.pop(delivery.seq, None)
            execution = self.dispatcher.execution
            self.dispatcher.bus.store.finish(execution.failure(delivery, error, self.settled))
            return
        self.dispatcher.guard_tries[delivery.seq] = tries
        self.ready.push(delivery, front=True)
        self.wake_workers()

    def forget(self, delivery: Delivery) -> None:
        """The delivery is no longer this process's business."""
        self.held.pop(delivery.seq, None)
        self._has_room()

    def _has_room(self) -> None:
        room = self.lane.room = self.capacity - len(self.held)
        if not self.lane.live and not self._refilling and room >= self.refill_at:
            self.wake()
