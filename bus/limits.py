"""Shared limits: at most so many at once, at most so many starts a second; over it work waits, never drops."""

import heapq
from collections.abc import Callable

from needlework.bus.clock import Clock, TimerHandle
from needlework.bus.durations import parse_rate
from needlework.bus.policies import LimitPolicy
from needlework.bus.records import Delivery, RunnerLane

WAITING_IN_MEMORY = 64
"""Deliveries that wait for one limit in memory; more of them are parked in the store."""


class Limit:
    """One limit. Rates are a token bucket of one second's burst, refilled by monotonic time."""

    def __init__(self, name: str, policy: LimitPolicy, clock: Clock) -> None:
        self.name, self.policy, self._clock = name, policy, clock
        self.used = 0
        self._rate = parse_rate(policy.rate) if policy.rate else None
        self._burst = max(1.0, self._rate or 1.0)
        self._tokens, self._filled = self._burst, clock.monotonic()
        self.waiting: list[tuple[int, int, int, int, Delivery]] = []
        """(priority, due, message, runner, delivery): no two are equal before the last."""
        self.parked = False
        """Whether deliveries wait for this limit in the store."""
        self.timer: TimerHandle | None = None

    def free(self) -> bool:
        """Whether one more may start now."""
        return self.has_room() and self.seconds_to_token() <= 0

    def has_room(self) -> bool:
        """Whether one more may run, whatever the rate says."""
        return self.policy.concurrency is None or self.used < self.policy.concurrency

    def seconds_to_token(self) -> float:
        """Seconds until the rate allows another start."""
        if self._rate is None:
            return 0.0
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        return 0.0 if self._tokens >= 1 - 1e-9 else (1 - self._tokens) / self._rate

    def use(self) -> None:
        """One starts."""
        self.used += 1
        if self._rate is not None:
            self._tokens -= 1


class Limits:
    """All shared limits of a process. `release` hands waiting deliveries back, best priority first."""

    def __init__(
        self,
        policies: dict[str, LimitPolicy],
        clock: Clock,
        release: Callable[[Delivery], None],
        park: Callable[[Delivery, str], None],
        unpark: Callable[[str, int], None],
        paused: Callable[[Delivery], bool],
    ) -> None:
        self.limits = {name: Limit(name, policy, clock) for name, policy in policies.items()}
        self._clock, self._release, self._park, self._unpark = clock, release, park, unpark
        self._paused = paused

    def enter(self, delivery: Delivery) -> bool:
        """Start `delivery` under all its topic's limits. False: it waits, and comes back through `release`."""
        limits = [self.limits[name] for name in delivery.lane.topic.policy.limits]
        for limit in limits:
            if not limit.free():
                self._wait(limit, delivery)
                for other in limits:  # it may have been let go by another limit: its turn there is free again
                    if other is not limit:
                        self._wake(other)
                return False
        self.use(delivery)
        for limit in limits:  # each that starts wakes the next, while there is room
            if limit.waiting:
                self._wake(limit)
        return True

    def use(self, delivery: Delivery) -> None:
        """Count a start, whether its limits are free or not (what runs alone asks nobody)."""
        for name in delivery.lane.topic.policy.limits:
            self.limits[name].use()

    def leave(self, delivery: Delivery) -> None:
        """A started delivery ended: others that waited may try."""
        for name in delivery.lane.topic.policy.limits:
            limit = self.limits[name]
            limit.used -= 1
            self._wake(limit)

    def forget(self, seq: int) -> Delivery | None:
        """Take a waiting delivery out (it was cancelled)."""
        for limit in self.limits.values():
            for entry in limit.waiting:
                if entry[2] == seq:
                    limit.waiting.remove(entry)
                    heapq.heapify(limit.waiting)
                    return entry[4]
        return None

    def leave_all(self, runner: RunnerLane) -> list[Delivery]:
        """Take out all of a runner's deliveries that wait here: another process is to own it."""
        found: list[Delivery] = []
        for limit in self.limits.values():
            found += [entry[4] for entry in limit.waiting if entry[4].runner is runner]
            limit.waiting = [entry for entry in limit.waiting if entry[4].runner is not runner]
            heapq.heapify(limit.waiting)
        return found

    def wake(self) -> None:
        """A delivery left without having started, or a pause changed: whoever waited behind it may try."""
        for limit in self.limits.values():
            self._wake(limit)

    def pass_on(self, delivery: Delivery) -> None:
        """A delivery that may have been let go by its limits does not start after all: the next one's turn."""
        for name in delivery.lane.topic.policy.limits:
            self._wake(self.limits[name])

    def note_parked(self, reason: str) -> None:
        """Deliveries may wait in the store for the limit that `reason` names."""
        limit = self.limits.get(reason.removeprefix("limit:")) if reason.startswith("limit:") else None
        if limit is not None:
            limit.parked = True
            if not limit.used and not limit.waiting:
                self._wake(limit)

    def _wait(self, limit: Limit, delivery: Delivery) -> None:
        if len(limit.waiting) >= WAITING_IN_MEMORY:
            limit.parked = True
            self._park(delivery, f"limit:{limit.name}")
        else:
            place = (delivery.priority, delivery.due, delivery.seq, delivery.runner.number)
            heapq.heappush(limit.waiting, (*place, delivery))
        self._arm(limit)

    def _wake(self, limit: Limit) -> None:
        if limit.waiting and limit.free() and (entry := self._first(limit)) is not None:
            self._release(entry[4])
        if limit.parked and len(limit.waiting) < WAITING_IN_MEMORY // 2:
            limit.parked = False
            self._unpark(f"limit:{limit.name}", WAITING_IN_MEMORY // 2)
        self._arm(limit)

    def _first(self, limit: Limit) -> "tuple[int, int, int, int, Delivery] | None":
        """Take the best waiter out whose runner is not paused: a paused one would keep the others waiting."""
        passed = []
        found = None
        while limit.waiting and found is None:
            entry = heapq.heappop(limit.waiting)
            if self._paused(entry[4]):
                passed.append(entry)
            else:
                found = entry
        for entry in passed:
            heapq.heappush(limit.waiting, entry)
        return found

    def _arm(self, limit: Limit) -> None:
        """Come back when the rate allows the next start, if one could start then."""
        if limit.policy.rate is None or limit.timer is not None or not limit.has_room():
            return
        if any(not self._paused(entry[4]) for entry in limit.waiting):
            limit.timer = self._clock.call_later(max(limit.seconds_to_token(), 0.001), lambda: self._tick(limit))

    def _tick(self, limit: Limit) -> None:
        limit.timer = None
        self._wake(limit)

    def close(self) -> None:
        """Call off the timers."""
        for limit in self.limits.values():
            if limit.timer is not None:
                limit.timer.cancel()
