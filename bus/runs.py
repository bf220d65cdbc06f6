"""Explicit runs: "process what is due now, at most N", for one runner in one workspace."""

import asyncio
from typing import TYPE_CHECKING

import msgspec
from needlework.bus.errors import Conflict
from needlework.bus.records import Delivery

if TYPE_CHECKING:
    from needlework.bus.dispatcher import Dispatcher
    from needlework.bus.workers import RunnerQueue


class RunCount(msgspec.Struct, frozen=True):
    """What an explicit run of a runner did."""

    processed: int
    succeeded: int
    failed: int
    skipped: int
    remaining: int


class Run:
    """One explicit run under way."""

    __slots__ = ("counts", "done", "left", "members")

    def __init__(self, n: int) -> None:
        self.left = n
        self.members: set[int] = set()
        """Messages it let start whose attempt has not ended: only these are counted."""
        self.counts = {"result": 0, "failed": 0, "skipped": 0}
        self.done = asyncio.Event()

    @property
    def processed(self) -> int:
        return sum(self.counts.values())


class Runs:
    """The runs of this process, one a (runner, workspace) at most."""

    def __init__(self, dispatcher: "Dispatcher") -> None:
        self._dispatcher = dispatcher
        self._runs: dict[tuple[str, int], Run] = {}
        self._any_ticked = any(r.policy.mode == "tick" for r in dispatcher.bus.registry.runners.values())

    def stop(self) -> None:
        """The service stops: what a run still waits for will not start."""
        for run in self._runs.values():
            run.done.set()

    def under_way(self, runner: str) -> bool:
        """Whether some workspace has a run of this runner."""
        return any(name == runner for name, _ in self._runs)

    @property
    def matter(self) -> bool:
        """Whether a run is under way, or some runner works only within runs."""
        return bool(self._runs) or self._any_ticked

    def feed(self, queue: "RunnerQueue") -> bool:
        """Whether anything may be taken now: in mode `auto` unless it is paused, else during a run."""
        return not queue.paused if queue.policy.mode == "auto" else self.under_way(queue.lane.name)

    def serve(self, queue: "RunnerQueue", workspace: int) -> bool:
        """Whether deliveries of this workspace may be taken now."""
        if queue.policy.mode == "auto":
            return not queue.paused
        within = self.room(queue, workspace)
        return within is not None and within > 0 and not queue.leaving

    def admit(self, queue: "RunnerQueue", delivery: Delivery) -> bool:
        """What only a run may start starts only within its number; else it goes back to wait."""
        run = self._runs.get((queue.lane.name, delivery.workspace)) if self._runs else None
        if run is not None:
            if delivery.seq in run.members:
                return True  # again: a guard failed, or it waited for a limit
            if run.left > 0:
                run.left -= 1
                run.members.add(delivery.seq)
                return True
        reason = "not_ticked"
        if queue.policy.mode == "auto":
            if run is None or not self._dispatcher.bus.controls.ticks_held(
                delivery.lane, delivery.workspace, delivery.flags
            ):
                return True
            reason = "tick_disabled"
        self._dispatcher.park(delivery, reason)
        return False

    def finished(self, queue: "RunnerQueue", delivery: Delivery, kind: str) -> None:
        """Count an attempt of a run."""
        run = self._runs.get((queue.lane.name, delivery.workspace)) if self._runs else None
        if run is None or delivery.seq not in run.members:
            return
        run.members.discard(delivery.seq)
        if kind == "result":
            run.counts["result"] += 1
        elif kind in ("retrying", "dead"):
            run.counts["failed"] += 1
        else:
            run.counts["skipped"] += 1
        self._check(queue, delivery.workspace, run)

    def put_aside(self, delivery: Delivery) -> None:
        """A delivery that a run let start was parked before it did: it does not count."""
        run = self._runs.get((delivery.runner.name, delivery.workspace)) if self._runs else None
        if run is not None and delivery.seq in run.members:
            run.members.discard(delivery.seq)
            run.left += 1

    def room(self, queue: "RunnerQueue", workspace: int) -> int | None:
        """How many more a run of a ticked runner may take: what it can't start it must not take; None for any."""
        run = self._runs.get((queue.lane.name, workspace)) if self._runs else None
        if run is None or queue.policy.mode == "auto":
            return None
        return run.left - queue.ready.of_workspace(workspace)

    def has_due(self, queue: "RunnerQueue", workspace: int) -> bool:
        """Whether something of a workspace is due and has not started."""
        if any(delivery.workspace == workspace and not delivery.started for delivery in queue.held.values()):
            return True
        return any(state.more for place, state in queue.lanes.items() if place[0] == workspace)

    def _check(self, queue: "RunnerQueue", workspace: int, run: Run) -> None:
        if not run.members and (run.left <= 0 or not self.has_due(queue, workspace)):
            run.done.set()

    async def run(self, queue: "RunnerQueue", workspace: int, n: int, timeout: float) -> RunCount:
        """Process what is due, at most `n`, within `timeout` seconds. Raises Conflict (runner_busy)."""
        bus, place = self._dispatcher.bus, (queue.lane.name, workspace)
        if place in self._runs:
            conflict = Conflict(f"runner {queue.lane.name!r} is running in this workspace already")
            conflict.code = "runner_busy"
            raise conflict
        if queue.paused:
            conflict = Conflict(f"runner {queue.lane.name!r} is paused; resume it first")
            conflict.code = "runner_paused"
            raise conflict
        run = self._runs[place] = Run(n)
        bus.controls.forced = bus.controls.forced | {place}
        try:
            for reason in ("tick_disabled", "not_ticked"):
                await bus.store.unpark(reason, n, workspace=workspace, runner=queue.lane.name)
            for lane, state in queue.lanes.items():
                if lane[0] == workspace:
                    state.more, state.cursor = True, (0, 0)
            queue.lane.live = False
            queue.wake()
            await self._wait(queue, workspace, run, timeout)
        finally:
            del self._runs[place]
            bus.controls.forced = bus.controls.forced - {place}
            queue.wake()
        remaining = await bus.depths.count_due(queue.lane.number, workspace)
        counts = run.counts
        return RunCount(run.processed, counts["result"], counts["failed"], counts["skipped"], remaining)

    async def _wait(self, queue: "RunnerQueue", workspace: int, run: Run, timeout: float) -> None:
        """Until the run is done; looks again whenever the queue has been read to its end."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while not run.done.is_set() and loop.time() < end:
            await queue.dispatcher.bus.store.settled()
            self._check(queue, workspace, run)
            if run.done.is_set():
                return
            try:
                await asyncio.wait_for(run.done.wait(), min(0.05, max(0.0, end - loop.time())))
            except TimeoutError:
                continue
