"""The dispatcher: hands committed deliveries to runners' queues, keeps the one timer, the time limits and the holds."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from needlework.bus.clock import SECOND, TimerHandle
from needlework.bus.commits import Commit
from needlework.bus.errors import StorageDamaged, StorageError
from needlework.bus.execution import STORAGE_PAUSE, Execution
from needlework.bus.handover import Handover
from needlework.bus.limits import Limits
from needlework.bus.quarantine import Quarantine
from needlework.bus.records import Delivery
from needlework.bus.runs import RunCount, Runs
from needlework.bus.slots import Worker
from needlework.bus.workers import RunnerQueue

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

T = TypeVar("T")
SWEEP = 0.05
"""Seconds between looks for handlers whose time is up."""


class Dispatcher:
    """All runner queues of this process."""

    def __init__(self, bus: "Bus") -> None:
        self.bus = bus
        self.execution = Execution(bus)
        self.limits = Limits(
            bus.registry.limits, bus.clock, self._limit_release, self.park, self._limit_unpark, self._limit_paused
        )
        self.queues: dict[str, RunnerQueue] = {}
        self.runs = Runs(self)
        self.stopping = False
        self.guard_tries: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: TimerHandle | None = None
        self._timer_due = 0
        self._sweeper: TimerHandle | None = None
        self.quarantine = Quarantine(self)
        self.handover = Handover(self)

    def background(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Run a coroutine as a task that is kept, and whose failure stops the service loudly."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._background_done)

    def _background_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.bus.background_failed(task.get_name(), task.exception())

    async def start(self, runners: list[str]) -> int:
        """Own `runners`, rescue what their dead owners left, and begin; how many deliveries were rescued."""
        rescued = await self.bus.store.own(runners)
        await self.handover.take_up(runners)
        return rescued

    def committed(self, commit: Commit) -> None:
        """In the event loop after each COMMIT: hand over, note what waits."""
        touched: dict[RunnerQueue, None] = {}  # in order of the commit, so that a simulation can be replayed
        for delivery in commit.handed:
            queue = self.queues[delivery.runner.name]
            queue.accept(delivery)
            touched[queue] = None
        if commit.waiting:
            now = self.bus.clock.now()
            for runner, workspace, priority, due, seq in commit.waiting:
                waiting_queue = self.queues.get(runner.name)
                if waiting_queue is not None:
                    waiting_queue.note_waiting(workspace, priority, due, seq, now)
                    if due <= now:
                        waiting_queue.lane.live = False
                        touched[waiting_queue] = None
        for queue in touched:
            queue.wake()

    def arm(self, due: int) -> None:
        """See to it that the timer fires when `due` comes; it looks at the wall clock at least each second."""
        if self._timer is not None and self._timer_due <= due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        seconds = min(1.0, max(0.0, (due - self.bus.maintenance.due_by()) / SECOND))
        self._timer = self.bus.clock.call_later(seconds, self._on_timer)

    def look(self) -> None:
        """What is due by the wall clock may be another thing than a moment ago: look at once."""
        if self._timer is not None:
            self._timer.cancel()
        self._on_timer()

    def _on_timer(self) -> None:
        self._timer = None
        if self.stopping:
            return
        now = self.bus.maintenance.due_by()
        following: int | None = None
        for queue in self.queues.values():
            queue.become_due(now)
            for state in queue.lanes.values():
                if state.more:
                    queue.lane.live = False
                if state.next_due is not None and (following is None or state.next_due < following):
                    following = state.next_due
            queue.wake()
        if following is not None:
            self.arm(following)

    def open_for(self, queue: RunnerQueue) -> bool:
        """Whether this queue may start anything now."""
        return not self.stopping and self.quarantine.alone is None and not queue.paused

    @property
    def calm(self) -> bool:
        """Whether nothing is held back: no paused topic, no disabled workspace, no explicit run."""
        controls = self.bus.controls
        return not (controls.paused_topics or controls.disabled or self.runs.matter)

    def particular(self, delivery: Delivery) -> bool:
        """Whether anything speaks against starting a delivery at once; then `admit` looks closer."""
        own = delivery.suspicion == 2 or delivery.revoked is not None or delivery.lane.limited
        return own or not self.calm

    def admit(self, queue: RunnerQueue, delivery: Delivery) -> bool:
        """Whether a delivery may start now. False: it was put where it belongs."""
        if not self._may_start(queue, delivery):
            if delivery.lane.limited:
                self.limits.pass_on(delivery)
            return False
        return not delivery.lane.limited or self.limits.enter(delivery)

    def _may_start(self, queue: RunnerQueue, delivery: Delivery) -> bool:
        """All but the shared limits."""
        if delivery.revoked is not None:
            queue.end_cancelled(delivery, delivery.revoked)
            return False
        controls = self.bus.controls
        if controls.paused_topics or controls.disabled:
            reason = controls.reason(delivery.lane, queue.lane.name, delivery.workspace, delivery.flags)
            if reason is not None:
                self.park(delivery, reason)
                return False
        if delivery.suspicion == 2:
            self.quarantine.add(queue, delivery)
            return False
        return self.runs.admit(queue, delivery)

    def park(self, delivery: Delivery, reason: str) -> None:
        """Put a taken delivery aside in the store."""
        self.background(self._park(delivery, reason), "park")

    async def _park(self, delivery: Delivery, reason: str) -> None:
        self.runs.put_aside(delivery)
        await self.persist(lambda: self.bus.store.park(delivery, reason))
        self.queues[delivery.runner.name].forget(delivery)
        self.limits.note_parked(reason)
        await self.bus.holds.let_go_if_lifted(delivery, reason)
        if (by := delivery.revoked) is not None:  # cancelled on its way
            await self.persist(lambda: self.bus.store.cancel(delivery.seq, by))

    async def persist(self, move: Callable[[], Awaitable[T]]) -> T:
        """Carry out a move of the store; while the disk refuses, again after a pause."""
        while True:
            try:
                return await move()
            except StorageError as error:
                if isinstance(error, StorageDamaged):
                    raise
                if self.stopping:
                    raise asyncio.CancelledError("the service is stopping") from error
                over = asyncio.Event()
                self.bus.clock.call_later(STORAGE_PAUSE, over.set)
                await over.wait()

    def _limit_release(self, delivery: Delivery) -> None:
        queue = self.queues[delivery.runner.name]
        queue.ready.push(delivery, front=True)
        queue.wake_workers()

    def _limit_paused(self, delivery: Delivery) -> bool:
        return self.queues[delivery.runner.name].paused

    def _limit_unpark(self, reason: str, limit: int) -> None:
        self.background(self._unpark_all(reason, limit), "unpark")

    async def _unpark_all(self, reason: str, limit: int) -> None:
        if await self.persist(lambda: self.bus.store.unpark(reason, limit)) == limit:
            self.limits.note_parked(reason)

    def begin(self) -> float:
        """A handler starts: the monotonic second; from now on somebody looks whether its time is up."""
        if self._sweeper is None:
            self._sweeper = self.bus.clock.call_later(SWEEP, self._sweep)
        return self.bus.clock.monotonic()

    def _sweep(self) -> None:
        """Break off handlers whose time is up."""
        self._sweeper = None
        now = self.bus.clock.monotonic()
        busy = False
        for worker in self.workers():
            if worker.delivery is not None:
                busy = True
                if worker.deadline <= now:
                    worker.break_off("timeout")
        if busy:
            self._sweeper = self.bus.clock.call_later(SWEEP, self._sweep)

    def workers(self) -> list[Worker]:
        """All workers of all queues."""
        return [worker for queue in self.queues.values() for worker in queue.workers]

    def worker_left(self, queue: RunnerQueue) -> None:
        """A worker ended: another may be needed, or somebody waits for quiet."""
        if queue.ready.count and not queue.workers and self.open_for(queue):
            queue.spawn()
        self.quarantine.worker_left()

    def finished(self, queue: RunnerQueue, delivery: Delivery, kind: str) -> None:
        """A delivery's attempt was committed."""
        if self.guard_tries:
            self.guard_tries.pop(delivery.seq, None)
        self.runs.finished(queue, delivery, kind)

    def revoke(self, runner: int, seq: int, by: str) -> bool:
        """Cancel a delivery that this process holds; False where it runs in a thread and can't be stopped."""
        queue = self.queues[self.bus.store.runners_by_number[runner].name]
        delivery = queue.ready.take_out(seq) or self.limits.forget(seq) or self.quarantine.forget(seq)
        if delivery is not None:
            queue.end_cancelled(delivery, by)
            self.limits.wake()
            return True
        for worker in queue.workers:
            if worker.delivery is not None and worker.delivery.seq == seq:
                if self._in_thread(worker):
                    return False
                worker.break_off(f"cancel:{by}")
                return True
        held = queue.held.get(seq)
        if held is None or held.started:
            return False  # its end is on its way to the disk
        held.revoked = by  # it is being put aside, and ends there
        return True

    def due(self, workspace: int) -> dict[str, bool]:
        """Which runners have something due in a workspace, as far as this process knows without reading."""
        return {name: self.runs.has_due(queue, workspace) for name, queue in self.queues.items()}

    async def run(self, runner: str, workspace: int, n: int, timeout: float) -> RunCount:
        """Process at once what is due, at most `n`. Raises Conflict where such a run is under way."""
        return await self.runs.run(self.queues[runner], workspace, n, timeout)

    async def stop(self, grace: float) -> None:
        """Start nothing more, let handlers end within `grace` seconds, break off the rest."""
        if self.stopping:
            return
        self.stopping = True
        self.runs.stop()
        await self.quarantine.stop()
        for queue in self.queues.values():
            queue.lane.live = False
        for timer in (self._timer, self._sweeper):
            if timer is not None:
                timer.cancel()
        tasks = {worker.task for worker in self.workers() if worker.task is not None}
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for worker in self.workers():
            worker.break_off("stop")
        left = {worker.task for worker in self.workers() if worker.task is not None and not self._in_thread(worker)}
        if left:
            await asyncio.wait(left, timeout=1.0)
        for queue in self.queues.values():
            for worker in queue.workers:  # in a thread, or deaf to its cancellation: the process ends around it
                if worker.delivery is not None:
                    queue.break_off(worker.delivery)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
        self.limits.close()
        self.execution.close()

    def _in_thread(self, worker: Worker) -> bool:
        """Whether its handler runs where nobody can stop it."""
        delivery = worker.delivery
        if delivery is None or delivery.lane.topic.policy.process:
            return False
        return not delivery.runner.runner.topics[delivery.lane.name].is_async
