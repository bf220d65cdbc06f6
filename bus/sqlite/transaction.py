"""One transaction of the writer: what its units collect, written in few statements."""

import functools
import sqlite3
from array import array
from typing import Any

from needlework.bus.commits import Commit
from needlework.bus.controls import Controls
from needlework.bus.records import Delivery, NewMessage, RunnerLane
from needlework.bus.sqlite.rows import rows_of, write_rows


@functools.cache
def _messages(optional: tuple[str, ...]) -> dict[int, str]:
    """The statements for messages that have these optional columns and no others.

    sqlite3 binds whole numbers and text at once, but sends None and bytes through its adapters, which costs more
    than all the rest of a row: absent columns are left out, and bodies are bound as bytearrays.
    """
    always = ("seq", "workspace", "topic", "created", "due", "priority", "body", "owed", "flags", "checksum")
    columns = always + optional
    return rows_of(f"INSERT INTO messages ({', '.join(columns)}) VALUES ", len(columns))


_DELIVERIES = rows_of("INSERT INTO deliveries (runner, workspace, priority, due, message, attempt) VALUES ", 6)
_PARKED = rows_of(
    "INSERT INTO parked (message, runner, workspace, topic, key, priority, due, place, attempt, reason) VALUES ", 10
)
_KEYS = rows_of(
    "INSERT INTO idempotency (workspace, topic, key, message, created, body_hash) VALUES ",
    6,
    " ON CONFLICT (workspace, topic, key) DO UPDATE SET message = excluded.message, created = excluded.created,"
    " body_hash = excluded.body_hash",
)
_EVENTS = rows_of("INSERT INTO events (seq, message, created, runner, workspace, topic, kind, at, data) VALUES ", 9)
_BARE_EVENTS = rows_of("INSERT INTO events (seq, message, created, runner, workspace, topic, kind, at) VALUES ", 8)
_GONE = "DELETE FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?"
_RANGE = (
    " FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ?"
    " AND (due, message) >= (?, ?) AND (due, message) <= (?, ?)"
)
_RANGE_SUMS = "SELECT count(*), sum(message - ?), sum((message - ?) * (message - ?))" + _RANGE

_ARRIVED = (
    "INSERT INTO arrivals (runner, workspace, priority, due, message) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (runner, workspace, priority) DO UPDATE SET due = excluded.due, message = excluded.message"
    " WHERE (excluded.due, excluded.message) < (arrivals.due, arrivals.message)"
)


class Stale(Exception):
    """A row that must be there is gone: the whole group is rolled back and its units run one by one."""


class Transaction:
    """What the units of one group collect; `flush` writes it. Lives on the writer's thread only."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        now: int,
        windows: dict[int, dict[int, None]],
        controls: Controls,
        numbers: tuple[int, int],
    ) -> None:
        self.connection, self.now, self.controls = connection, now, controls
        self.busy: set[tuple[object, ...]] = set()
        """Keys that had a queue when they were last looked at, of this transaction and earlier ones: a guess."""
        self.owned: set[int] = set()
        """Runners of this process; what comes to wait for others is noted for their owners."""
        self.holding = controls.active
        """Whether anything may be held back; looked at once a transaction."""
        self.seq, self.event = numbers
        self.messages: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        """Rows by the optional columns that they have."""
        self.deliveries: list[tuple[int, int, int, int, int, int]] = []
        self.parked: list[tuple[Any, ...]] = []
        """Followers of busy keys."""
        self.keys: dict[tuple[int, int, str], tuple[int, int, int]] = {}
        """Idempotency keys of this transaction: (workspace, topic, key) -> (message, created, hash of the body)."""
        self.flushed_events = 0
        """How many of the commit's events are written already."""
        self.gone: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
        self.backlog: dict[tuple[int, int], int] = {}
        self.batches: dict[str, list[int]] = {}
        self.windows = windows
        self.entered: dict[int, list[int]] = {}
        self.commit = Commit()

    def add_message(self, new: NewMessage, seq: int, due: int) -> None:
        """A message's row."""
        row: tuple[Any, ...] = (
            seq, new.workspace, new.lane.number, self.now, due, new.priority, bytearray(new.body),
            len(new.lane.runners), new.flags, new.checksum,
        )  # fmt: skip
        optional: tuple[str, ...] = ()
        for name in ("key", "cause", "batch", "head"):
            value = getattr(new, name)
            if value is not None:
                optional += (name,)
                row += (value,)
        rows = self.messages.get(optional)
        if rows is None:
            rows = self.messages[optional] = []
        rows.append(row)

    def add_delivery(self, runner: RunnerLane, workspace: int, priority: int, due: int, seq: int, attempt: int) -> None:
        """A delivery that waits in the table; its process is told after COMMIT."""
        self.deliveries.append((runner.number, workspace, priority, due, seq, attempt))
        self.commit.waiting.append((runner, workspace, priority, due, seq))

    def hand_over(self, delivery: Delivery) -> None:
        """Put a delivery into its runner's window; it is handed to its process after COMMIT."""
        self.entered.setdefault(delivery.runner.number, []).append(delivery.seq)
        self.commit.handed.append(delivery)

    def in_window(self, runner: int, seq: int) -> bool:
        """Whether a delivery is in flight, or will be when this transaction is committed."""
        return seq in self.windows.get(runner, ()) or seq in self.entered.get(runner, ())

    def remove(self, delivery: Delivery) -> None:
        """Take a delivery's row out; that it was there is checked by `flush`."""
        place = (delivery.runner.number, delivery.workspace, delivery.priority)
        self.gone.setdefault(place, []).append((delivery.due, delivery.seq))

    def add_event(
        self, seq: int, created: int, runner: int, workspace: int, topic: int, kind: str, data: bytes | None
    ) -> None:
        """An event of message `seq`, with the next number of the one event sequence."""
        number = self.event
        self.event = number + 1
        self.commit.events.append((number, seq, created, runner, workspace, topic, kind, self.now, data))

    def count(self, workspace: int, topic: int, change: int) -> None:
        """Change the number of unfinished deliveries of a workspace and topic."""
        place = (workspace, topic)
        self.backlog[place] = self.backlog.get(place, 0) + change

    def flush(self) -> None:
        """Write what was collected. Raises Stale where a row to remove is not there."""
        execute = self.connection.execute
        events = self.commit.events
        if self.messages:
            for optional, rows in self.messages.items():
                write_rows(execute, _messages(optional), rows)
            self.messages = {}
        if self.deliveries:
            write_rows(execute, _DELIVERIES, self.deliveries)
            self.deliveries = []
        if self.parked:
            write_rows(execute, _PARKED, self.parked)
            self.parked = []
        if self.keys:
            write_rows(execute, _KEYS, [(*place, *known) for place, known in self.keys.items()])
            self.keys = {}
        if self.flushed_events < len(events):
            self._write_events(events[self.flushed_events :])
            self.flushed_events = len(events)
        if self.gone:
            gone, self.gone = self.gone, {}
            for place, rows in gone.items():
                self._delete(place, rows)

    def _write_events(self, events: list[tuple[Any, ...]]) -> None:
        execute = self.connection.execute
        write_rows(execute, _BARE_EVENTS, [event[:8] for event in events if event[8] is None])
        write_rows(execute, _EVENTS, [(*event[:8], bytearray(event[8])) for event in events if event[8] is not None])

    def _delete(self, place: tuple[int, int, int], rows: list[tuple[int, int]]) -> None:
        """Delete rows of one lane: as one range where nothing else stands between them, else one by one.

        That a range holds just these rows is seen from its count and its sums of first and second powers: three
        numbers instead of a row at a time, each of which would wait for the interpreter lock.
        """
        if len(rows) >= 8:
            rows.sort()
            base, span = rows[0][1], (*place, *rows[0], *rows[-1])
            offsets = [seq - base for _, seq in rows]
            found = self.connection.execute(_RANGE_SUMS, (base, base, base, *span)).fetchone()
            if tuple(found) == (len(rows), sum(offsets), sum([offset * offset for offset in offsets])):
                self.connection.execute("DELETE" + _RANGE, span)
                return
        cursor = self.connection.executemany(_GONE, [(*place, due, seq) for due, seq in rows])
        if cursor.rowcount != len(rows):
            raise Stale(f"{len(rows) - cursor.rowcount} deliveries were finished or moved before")

    def finish(self) -> None:
        """Write everything that is written once a transaction: bulk rows, windows, counts."""
        self.flush()
        execute = self.connection.execute
        for runner, seqs in self.entered.items():
            held = array("q", self.windows.get(runner, ()))
            held.extend(seqs)
            execute(
                "INSERT INTO windows (runner, entries) VALUES (?, ?)"
                " ON CONFLICT (runner) DO UPDATE SET entries = excluded.entries",
                (runner, held.tobytes()),
            )
        if self.commit.waiting:
            self._tell_owners()
        self.commit.backlog = self.backlog
        for (workspace, topic), change in self.backlog.items():
            if change:
                execute(
                    "INSERT INTO backlog (workspace, topic, unfinished) VALUES (?, ?, ?)"
                    " ON CONFLICT (workspace, topic) DO UPDATE SET unfinished = unfinished + excluded.unfinished",
                    (workspace, topic, change),
                )
        for batch, (done, refused, dead, cancelled) in self.batches.items():
            execute(
                "UPDATE batches SET done = done + ?, refused = refused + ?, dead = dead + ?, cancelled = cancelled + ?"
                " WHERE id = ?",
                (done, refused, dead, cancelled, batch),
            )

    def _tell_owners(self) -> None:
        """Note the first delivery of each lane that waits for a runner of another process."""
        first: dict[tuple[int, int, int], tuple[int, int]] = {}
        for runner, workspace, priority, due, seq in self.commit.waiting:
            if runner.number not in self.owned:
                lane = (runner.number, workspace, priority)
                first[lane] = min(first.get(lane, (due, seq)), (due, seq))
        for lane, spot in first.items():
            self.connection.execute(_ARRIVED, (*lane, *spot))
