"""The one writer: whatever waits at that moment commits together (group commit).

Units are objects with `apply(transaction) -> result`; their futures (or callbacks) are resolved after COMMIT by
one call into the event loop. A unit that may fail runs inside a savepoint of its own. Where the whole group
fails (disk full, a failing disk, a row that is gone), units run again one by one and each hears its own outcome.
"""

import asyncio
import contextlib
import queue
import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any

from needlework.bus.clock import Clock
from needlework.bus.commits import Commit
from needlework.bus.controls import Controls
from needlework.bus.errors import LeaseLost, StorageBusy, StorageDamaged, StorageError
from needlework.bus.forks import ForkGuard
from needlework.bus.records import RunnerLane
from needlework.bus.sqlite.applying import Unit, apply_plainly, apply_safely, storage_error
from needlework.bus.sqlite.connections import Channel
from needlework.bus.sqlite.judging import judged
from needlework.bus.sqlite.transaction import Stale, Transaction
from needlework.bus.sqlite.turnstile import Turnstile
from needlework.bus.sqlite.units import FutureUnit

GROUP = 1024
"""Units in one transaction at most: bounds how long the first of them waits."""


class Writer:
    """Owns the writing connection. `submit` and `run` are called in the event loop."""

    def __init__(
        self,
        channel: Channel,
        clock: Clock,
        epoch: str,
        controls: Controls,
        committed: Callable[[Commit], None],
        turnstile: Turnstile,
    ) -> None:
        self._controls, self.turnstile = controls, turnstile
        self.checkpoint = False
        """Set where the write-ahead log should be checkpointed before the writer sleeps."""
        self._channel, self._clock, self._epoch, self._committed = channel, clock, epoch, committed
        self._loop, self._idle = asyncio.get_running_loop(), asyncio.Event()
        self._waiting: deque[Unit] = deque()
        self._unsettled = 0
        """Units submitted and not settled yet."""
        self._wake: asyncio.Event | queue.SimpleQueue[None] = (
            queue.SimpleQueue() if channel.threaded else asyncio.Event()
        )
        self._asleep = False
        """Whether the writer's thread waits, or is about to: it sets this before its last look at what waits."""
        self._idle.set()
        self._closed = False
        self.guard = ForkGuard()
        self.windows: dict[int, dict[int, None]] = {}
        """Runner -> messages that may be in flight; changed on the writer's thread after COMMIT."""
        self.lanes: dict[int, RunnerLane] = {}
        self.owned: set[int] = set()
        """Runners this process owns; their row in `owners` is checked in every transaction."""
        self.damaged: Callable[[BaseException], None] = lambda error: None
        """Called where the file is damaged or the writer itself failed: the process must end."""
        self.commits = 0
        self._version: int | None = None
        """SQLite's `data_version` at the last look: unchanged means that nobody else has written since."""
        self._numbers = (0, 0)
        self._busy_keys: set[tuple[object, ...]] = set()
        self._taken: list[Unit] = []
        self._task = asyncio.create_task(self._drain(), name="needlework writer")
        self._task.add_done_callback(self._ended)

    @property
    def waiting(self) -> int:
        """Units that wait to be written."""
        return len(self._waiting)

    def submit(self, unit: Unit) -> None:
        """Queue a unit; its `settle` is called after its transaction. Raises ForkedError in a forked child."""
        self.guard.check()
        if self._closed:
            self._loop.call_soon(unit.settle, None, StorageError("the service is stopping", retry_after=1))
            return
        self._waiting.append(unit)
        if not self._unsettled:
            self._idle.clear()
        self._unsettled += 1
        self._rouse()

    def _rouse(self) -> None:
        if isinstance(self._wake, asyncio.Event):
            self._wake.set()
        elif self._asleep:
            self._asleep = False
            self._wake.put(None)

    async def run(self, work: Callable[[Transaction], Any], *, risky: bool = True) -> Any:
        """Run `work` in a transaction and return its result after COMMIT. Cancelled: the outcome is unknown."""
        future = self._loop.create_future()
        self.submit(FutureUnit(work, future, risky))
        return await future

    async def settled(self) -> None:
        """Wait until nothing waits to be written."""
        await self._idle.wait()

    async def close(self) -> None:
        """Write what waits, then stop."""
        await self._idle.wait()
        self._closed = True
        if isinstance(self._wake, asyncio.Event):
            self._wake.set()
        else:
            self._wake.put(None)
        await asyncio.wait({self._task})

    async def _drain(self) -> None:
        """Write until closed. On a thread of its own the writer stays there: a hop for each group cost a third of a
        lone publish."""
        if not isinstance(self._wake, asyncio.Event):
            await self._channel.run(self._stay)
            return
        while not self._closed:
            await self._wake.wait()
            self._wake.clear()
            await self._channel.run(self._groups)

    def _stay(self, connection: sqlite3.Connection) -> None:
        """On the writer's thread: commit what comes, sleep in between."""
        assert isinstance(self._wake, queue.SimpleQueue)
        while True:
            self._groups(connection)
            self._asleep = True
            if self._closed and not self._waiting:
                return
            if self.checkpoint:
                self._asleep = False
                self._checkpoint(connection)
                continue
            if not self._waiting:
                self._wake.get()
            self._asleep = False

    def ask_for_checkpoint(self) -> None:
        """Checkpoint when nothing waits to be written."""
        self.checkpoint = True
        self._rouse()

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        """Write the log back into the file, while nobody else writes; what is busy is done the next time."""
        self.checkpoint = False
        with contextlib.suppress(sqlite3.Error, StorageBusy), self.turnstile:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Where the writer itself failed (no memory), nobody waits in vain: all hear it, and the process must end."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        self._closed = True
        for unit in (*self._taken, *self._waiting):
            unit.settle(None, StorageError(f"the writer failed, the outcome is unknown: {error!r}", retry_after=1))
        self._waiting.clear()
        self._idle.set()
        self.damaged(error)

    def _groups(self, connection: sqlite3.Connection) -> None:
        """On the writer's thread: commit groups until nothing waits."""
        while self._waiting:
            units: list[Unit] = []
            self._taken = units
            for _ in range(min(len(self._waiting), GROUP)):  # nobody else takes any
                units.append(self._waiting.popleft())
            self._group(connection, units)
        self._taken = []

    def _group(self, connection: sqlite3.Connection, units: list[Unit]) -> None:
        try:
            transaction = self._transact(connection, units)
        except Exception as error:
            known = LeaseLost(str(error)) if isinstance(error, Stale) else judged(storage_error(error), connection)
            if len(units) > 1 and not isinstance(known, StorageBusy | StorageDamaged):
                for unit in units:
                    self._group(connection, [unit])
                return
            commit = Commit()  # nobody waits for a lock, or for a damaged file, one after the other
            commit.units.extend((unit, None, known) for unit in units)
        else:  # committed: what fails from here on must not lead to a second try
            self._move_windows(transaction)
            commit = transaction.commit
        self._loop.call_soon_threadsafe(self._resolve, commit)

    def _transact(self, connection: sqlite3.Connection, units: list[Unit]) -> Transaction:
        with self.turnstile:
            return self._in_turn(connection, units)

    def _in_turn(self, connection: sqlite3.Connection, units: list[Unit]) -> Transaction:
        try:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA data_version").fetchone()[0] != self._version:
                self._look_again(connection)
            transaction = Transaction(connection, self._clock.now(), self.windows, self._controls, self._numbers)
            transaction.owned, transaction.busy = self.owned, self._busy_keys
            results = transaction.commit.units
            for unit in units:
                if unit.risky:
                    results.append(apply_safely(transaction, unit))
                else:
                    results.append(apply_plainly(transaction, unit))
            transaction.finish()
            connection.execute("COMMIT")
        except BaseException:
            self._version = None
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._numbers = (transaction.seq, transaction.event)
        self._change_owned(transaction.commit)
        self.commits += 1
        return transaction

    def _look_again(self, connection: sqlite3.Connection) -> None:
        """Another connection wrote (or this is the first transaction): the fence and the next numbers are read anew."""
        self._check_fence(connection)
        numbers = dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        self._numbers = (numbers.get("messages", 0) + 1, numbers.get("events", 0) + 1)
        self._version = connection.execute("PRAGMA data_version").fetchone()[0]

    def _check_fence(self, connection: sqlite3.Connection) -> None:
        """Refuse the whole transaction where another process took over one of our runners."""
        if not self.owned:
            return
        mine = connection.execute("SELECT count(*) FROM owners WHERE epoch = ?", (self._epoch,)).fetchone()[0]
        if mine != len(self.owned):
            raise LeaseLost("another process took over this one's runners")

    def _change_owned(self, commit: Commit) -> None:
        """After COMMIT: what the fence is from now on."""
        if commit.adopted or commit.released:
            self.owned = (self.owned | commit.adopted) - commit.released
            for runner in commit.released:
                self.windows.pop(runner, None)

    def _move_windows(self, transaction: Transaction) -> None:
        for runner, seqs in transaction.entered.items():
            self.windows.setdefault(runner, {}).update(dict.fromkeys(seqs))
            if runner in self.lanes:
                self.lanes[runner].taken += len(seqs)
        nobody: dict[int, None] = {}
        for lane, seq in transaction.commit.freed:
            self.windows.get(lane.number, nobody).pop(seq, None)

    def _resolve(self, commit: Commit) -> None:
        self._committed(commit)
        for unit, result, error in commit.units:
            if error is not None and isinstance(error, StorageDamaged):
                self.damaged(error)
            unit.settle(result, error)
        self._unsettled -= len(commit.units)
        if not self._unsettled:
            self._idle.set()
