"""What the store must do, said again in the simplest way: lists of what is owed, no lanes, no heads, no windows."""

from dataclasses import dataclass

DAY = 24 * 3600 * 1_000_000


@dataclass
class Owed:
    """One delivery that has not ended."""

    seq: int
    runner: str
    topic: str
    key: int
    due: int
    place: int
    state: str = "waiting"
    """waiting, flight or parked."""
    attempt: int = 0
    held: bool = False
    """Whether it was offered to a handler before: then it stays its key's head."""


@dataclass
class Known:
    """An idempotency key that was used."""

    seq: int
    body: int
    at: int


class Conflict(Exception):
    """The key was used with another body."""


class Model:
    """The reference: what is owed, what may be taken, what a publish answers."""

    def __init__(self, takers: dict[str, list[str]]) -> None:
        self.takers = takers
        self.last = 0
        self.owed: dict[tuple[str, int], Owed] = {}
        self.tails: dict[tuple[str, str, int], int] = {}
        self.keys: dict[tuple[str, str], Known] = {}
        self.waiting: dict[tuple[str, int], int] = {}
        """(topic, key) -> message that a coalescing topic's next publish may be absorbed by."""
        self.bodies: dict[int, int] = {}
        self.ended: set[tuple[str, int]] = set()
        self.dead: dict[tuple[str, int], Owed] = {}

    def publish(
        self, topic: str, key: int, body: int, due: int | None, now: int, idempotency: str | None
    ) -> tuple[int, bool]:
        """(message, whether it was there already). Raises Conflict."""
        if idempotency is not None:
            known = self.keys.get((topic, idempotency))
            if known is not None and known.at > now - DAY:
                if known.body != body:
                    raise Conflict
                return known.seq, True
        at = max(now, due or 0)
        seq = self._absorb(topic, key, body, at)
        deduplicated = seq is not None
        if seq is None:
            seq = self._store(topic, key, body, at, now)
        if idempotency is not None:
            self.keys[topic, idempotency] = Known(seq, body, now)
        return seq, deduplicated

    def _absorb(self, topic: str, key: int, body: int, at: int) -> int | None:
        seq = self.waiting.get((topic, key)) if topic == "t.dropped" else None
        if seq is None or self.bodies[seq] != body:
            return None
        for runner in self.takers[topic]:
            owed = self.owed[runner, seq]
            owed.due = owed.place = min(owed.due, at)
        return seq

    def _store(self, topic: str, key: int, body: int, at: int, now: int) -> int:
        self.last += 1
        seq = self.last
        self.bodies[seq] = body
        for runner in self.takers[topic]:
            self.owed[runner, seq] = Owed(seq, runner, topic, key, at, self._place(runner, topic, key, at, now))
        if topic == "t.dropped":
            self.waiting[topic, key] = seq
        return seq

    def _place(self, runner: str, topic: str, key: int, at: int, now: int) -> int:
        if not self.queue(runner, topic, key):
            self.tails[runner, topic, key] = 0
        if at > now:
            return at
        place = max(at, self.tails.get((runner, topic, key), 0))
        self.tails[runner, topic, key] = place
        return place

    def queue(self, runner: str, topic: str, key: int) -> list[Owed]:
        """What is owed for one key, in order."""
        found = [o for o in self.owed.values() if (o.runner, o.topic, o.key) == (runner, topic, key)]
        return sorted(found, key=lambda owed: (not owed.held, owed.place, owed.seq))

    def may_start(self, now: int) -> list[tuple[str, int]]:
        """What a take of everything must find."""
        return sorted(
            (owed.runner, owed.seq)
            for owed in self.owed.values()
            if owed.state == "waiting"
            and owed.due <= now
            and (owed.topic != "t.ordered" or self.queue(owed.runner, owed.topic, owed.key)[0] is owed)
        )

    def take(self, runner: str, seq: int, attempt: int) -> None:
        """It was handed over."""
        owed = self.owed[runner, seq]
        assert attempt >= owed.attempt, f"{owed}: attempt {attempt}"
        owed.state, owed.held, owed.attempt = "flight", True, attempt
        if self.waiting.get((owed.topic, owed.key)) == seq:
            del self.waiting[owed.topic, owed.key]

    def end(self, runner: str, seq: int, *, dead: bool = False) -> None:
        """It ended, whatever the ending."""
        owed = self.owed.pop((runner, seq))
        self.ended.add((runner, seq))
        if dead:
            self.dead[runner, seq] = owed
        if self.waiting.get((owed.topic, owed.key)) == seq:
            del self.waiting[owed.topic, owed.key]

    def retry(self, runner: str, seq: int, due: int) -> None:
        """It waits for its next attempt."""
        owed = self.owed[runner, seq]
        owed.state, owed.due, owed.attempt = "waiting", due, owed.attempt + 1

    def redrive(self, runner: str, seq: int, now: int) -> None:
        """A dead letter goes again, behind all that is due for its key."""
        owed = self.dead.pop((runner, seq))
        lane = (runner, owed.topic, owed.key)
        tail = self.tails.get(lane, 0) if self.queue(*lane) else 0
        place = self.tails[lane] = max(now, tail) + 1
        self.ended.remove((runner, seq))
        self.owed[runner, seq] = Owed(seq, runner, owed.topic, owed.key, now, place, attempt=owed.attempt + 1)

    def cancel(self, seq: int) -> tuple[int, list[str]]:
        """(ended, runners that have it in flight)"""
        all_of_it = [owed for owed in self.owed.values() if owed.seq == seq]
        waiting = [owed for owed in all_of_it if owed.state != "flight"]
        for owed in waiting:
            self.end(owed.runner, seq)
        return len(waiting), [owed.runner for owed in all_of_it if owed.state == "flight"]

    def restart(self, *, crashed: bool) -> None:
        """Nothing is in flight any more; a crash costs what was in flight an attempt."""
        for owed in self.owed.values():
            if owed.state == "flight":
                owed.state = "waiting"
                owed.attempt += crashed
