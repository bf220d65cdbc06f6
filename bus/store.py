"""The store protocol: one named move for each change a delivery can make, and the reads beside them.

    (publish) ──insert──▶ waiting ──take──▶ in flight ──complete──▶ done | refused
                 │           ▲  ▲             │  │ └───bury──────▶ dead
                 │           │  └───retry─────┘  └───step──▶ (in flight, with a resume point)
                 └─▶ parked ─┘ unpark            crash ──rescue──▶ waiting (attempt + 1) | dead (poison)
    waiting, parked ──cancel──▶ cancelled        dead ──redrive──▶ waiting | parked (or a new message) | purge──▶ gone

Every move commits before it is answered, and every move of a runner's delivery is fenced: by the owner's epoch and
by the delivery's own row. One conformance suite (`tests/bus/conformance.py`) holds every engine to this.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from needlework.bus.commits import Commit
from needlework.bus.letters import Redrive
from needlework.bus.records import (
    Completions,
    Delivery,
    Finish,
    NewMessage,
    Receipt,
    RunnerLane,
    Slot,
    TopicLane,
)
from needlework.bus.sql import Statement


class TakenPage(Protocol):
    """What one take found in one lane of a runner."""

    workspace: int
    priority: int
    deliveries: list[Delivery]
    more: bool
    cursor: tuple[int, int]
    next_due: int | None


class ShiftPlan(Protocol):
    """How far the moves after a step of the clock have come."""

    stage: str
    moved: int


class Store(Protocol):
    """What the bus needs of an engine. Times are microseconds UTC."""

    topics: dict[str, TopicLane]
    runners: dict[str, RunnerLane]
    committed: Callable[[Commit], None]

    async def insert(self, messages: Sequence[NewMessage], slot: Slot | None = None) -> list[Receipt]:
        """Store messages and their deliveries, all or none; with `slot`, nothing where that slot is taken ([])."""
        ...

    async def take(
        self, runner: RunnerLane, lane: tuple[int, int], cursor: tuple[int, int], limit: int, now: int
    ) -> TakenPage:
        """Take due deliveries of a (workspace, priority) lane into the runner's window."""
        ...

    def finish(self, finish: Finish | Completions) -> None:
        """Complete, step, retry, bury or report; `finish.settled` is called after the commit.

        `Completions` are all ended or, where the row of one is gone, none of them: then send each by itself.
        """
        ...

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Put an in-flight delivery aside, unstarted."""
        ...

    async def unpark(
        self,
        reason: str,
        limit: int,
        *,
        workspace: int | None = None,
        runner: str | None = None,
        topic: str | None = None,
    ) -> int:
        """Let parked deliveries go; how many."""
        ...

    async def mark(self, delivery: Delivery, mark: int) -> None:
        """Durably note that a suspect starts now (1: beside others, 2: alone)."""
        ...

    async def cancel(self, seq: int, by: str, line: Callable[[str], Statement] | None = None) -> tuple[int, list[int]]:
        """Cancel what waits of a message: (ended, numbers of the runners that have it in flight).

        `line` gives the log's line for an outcome; it is written with the change, and not where there is none.
        """
        ...

    async def redrive(self, letters: Sequence[Redrive]) -> list[int | None]:
        """Let dead letters go again, at the tail of their keys: for each the message that carries it now.

        None where it is not dead any more. Attempts go on rising and failures begin anew; the resume point holds.
        """
        ...

    async def purge(self, letters: Sequence[tuple[int, int]]) -> int:
        """Remove dead letters (message, runner's number); how many there were."""
        ...

    async def hasten(self, places: Sequence[tuple[int, RunnerLane]]) -> int:
        """Let waiting retries (message, runner) run now; how many waited."""
        ...

    async def own(self, runners: Sequence[str]) -> int:
        """Become the owner of runners and rescue what a dead owner left; how many deliveries were rescued."""
        ...

    async def lanes(self, runner: RunnerLane) -> list[tuple[int, int]]:
        """The (workspace, priority) lanes of a runner that have rows."""
        ...

    async def release(self) -> None:
        """A clean stop: give all runners back with nothing in flight."""
        ...

    async def shift(self, plan: ShiftPlan, batch: int) -> ShiftPlan:
        """After the wall clock was set: look at `batch` more rows, move what must move; how far it has come."""
        ...

    async def prune(self, now: int, batch: int) -> tuple[int, bool]:
        """Remove what is older than its retention, at most `batch` messages: (how many, whether the walk has ended)."""
        ...

    async def look_through(self) -> None:
        """Look for damage in what a start does not wait for. Raises StorageDamaged."""
        ...

    async def settled(self) -> None:
        """Wait until nothing waits to be written."""
        ...

    async def write(self, statements: Sequence[Statement]) -> None:
        """Run statements in one transaction, guards included."""
        ...

    async def read(self, statement: Statement) -> list[Any]:
        """The rows of a committed snapshot."""
        ...

    async def close(self) -> None:
        """Write what waits and close."""
        ...
