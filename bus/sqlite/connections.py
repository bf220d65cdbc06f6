"""Connections: a place where a function runs with a `sqlite3` connection, on its own thread or inline.

A whole transaction is one function in one hop: nothing ever awaits between BEGIN and COMMIT, so that no
cancellation can leave a transaction open.
"""

import os
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import aiosqlite
from needlework.bus.errors import StorageDamaged
from needlework.bus.forks import ForkGuard
from needlework.bus.sqlite.applying import storage_error
from needlework.bus.sqlite.judging import judged

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class Channel(Protocol):
    """Runs one function at a time with its connection."""

    threaded: bool
    """Whether functions run on a thread of the connection's own, and so may wait there."""

    async def run(self, work: Work[T]) -> T: ...

    async def close(self) -> None: ...


class _CallableConnection(sqlite3.Connection):
    """aiosqlite's public API runs only `execute` on the connection's thread: this `execute` also runs functions."""

    def execute(self, sql: Any, parameters: Any = (), /) -> Any:
        if callable(sql):
            return sql(self)
        return super().execute(sql, parameters)


class ThreadChannel:
    """A connection on a thread of its own, through aiosqlite."""

    threaded = True

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, work: Work[T]) -> T:
        answer: list[T] = []

        def step(connection: sqlite3.Connection) -> None:
            answer.append(work(connection))

        await self._connection.execute(cast(Any, step))
        return answer[0]

    async def close(self) -> None:
        await self._connection.close()


class InlineChannel:
    """A connection used in the caller's thread, for simulations in which time is a value."""

    threaded = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def run(self, work: Work[T]) -> T:
        return work(self._connection)

    async def close(self) -> None:
        self._connection.close()


CHECKPOINT_PAGES = 4000
"""Pages of the log after which the writer itself writes it back. A thousand held it up for less at a time, but cost a
fifth more processor time for each drained message."""
LOG_KEPT = 64 * 1024 * 1024
"""Bytes that the log keeps when it begins anew: one that a long reader let grow gives the rest back to the disk."""
CHECKPOINT_HERE = f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}"
_WAL_INDEX = struct.Struct("=16xI76xI")
"""Of the -shm file: frames in the log, and frames that are in the database already (sqlite.org/walformat.html)."""
_indexes: dict[Path, int] = {}
_users: Counter[Path] = Counter()
"""How many stores of this process have a database open: the last one closes the descriptor."""
_COMMON = {"foreign_keys": 1, "busy_timeout": 5000}


def _settle(connection: sqlite3.Connection, wanted: dict[str, int | str]) -> None:
    """Set each PRAGMA and check that it took: a connection that silently differs breaks promises."""
    connection.row_factory = sqlite3.Row
    for name, value in wanted.items():
        connection.execute(f"PRAGMA {name} = {value}")
        now = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if str(now).lower() != str(value).lower():
            raise sqlite3.OperationalError(f"PRAGMA {name} is {now!r}, wanted {value!r}")


def prepare_writer(connection: sqlite3.Connection, durability: str, checkpoints: bool) -> None:
    """Settings of the one writing connection; of all processes one checkpoints."""
    synchronous = 2 if durability == "power" else 1
    mode = connection.execute("PRAGMA journal_mode = wal").fetchone()[0]
    if mode != "wal":
        raise sqlite3.OperationalError(f"the database can't use a write-ahead log here (journal mode {mode!r})")
    own = {"wal_autocheckpoint": CHECKPOINT_PAGES * checkpoints, "journal_size_limit": LOG_KEPT}
    _settle(connection, {**_COMMON, "synchronous": synchronous, **own})


def prepare_reader(connection: sqlite3.Connection) -> None:
    """Settings of a reading connection: it can't write and never checkpoints."""
    _settle(connection, {**_COMMON, "query_only": 1, "wal_autocheckpoint": 0})


def frames_to_checkpoint(path: Path) -> int:
    """Pages in the write-ahead log that are not in the database file yet; 0 where that can't be told."""
    try:
        found = os.pread(_index_of(path), _WAL_INDEX.size, 0)
        frames, done = _WAL_INDEX.unpack(found)
    except (OSError, struct.error):
        return 0
    return max(0, int(frames) - int(done))


def _index_of(path: Path) -> int:
    """A descriptor of the log's index that stays open for as long as the database is.

    Closing any descriptor of a file gives up all locks of the process on it, SQLite's included. The next process to
    open the database then takes the index for left behind and cuts it below us, which ends this process (SIGBUS).
    """
    if path not in _indexes:
        _indexes[path] = os.open(path.with_name(f"{path.name}-shm"), os.O_RDONLY | os.O_CLOEXEC)
    return _indexes[path]


def keep_index(path: Path) -> None:
    """A store has the database open: until it is through, too, that descriptor stays."""
    _users[path] += 1


def forget_index(path: Path) -> None:
    """A store has closed its connections; after the last one of this process the descriptor is closed."""
    _users[path] -= 1
    if _users[path] <= 0:
        del _users[path]
        if (descriptor := _indexes.pop(path, None)) is not None:
            os.close(descriptor)


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


async def open_channel(
    path: Path, *, inline: bool, read_only: bool, prepare: Callable[[sqlite3.Connection], None]
) -> Channel:
    """Open a connection to `path` and prepare it."""
    uri = _uri(path, "ro" if read_only else "rwc")
    if inline:
        plain = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=512)
        prepare(plain)
        return InlineChannel(plain)
    threaded = await aiosqlite.connect(
        uri, uri=True, isolation_level=None, cached_statements=512, factory=_CallableConnection
    )
    channel = ThreadChannel(threaded)
    try:
        await channel.run(prepare)
    except BaseException:
        await channel.close()
        raise
    return channel


class Readers:
    """A few reading connections; each read is one hop and leaves no cursor open."""

    def __init__(self, channels: list[Channel], damaged: Callable[[StorageDamaged], None]) -> None:
        self._channels, self._damaged = channels, damaged
        self._next = 0
        self._guard = ForkGuard()

    async def run(self, work: Work[T]) -> T:
        """Run `work` on the next reader in turn. Raises ForkedError in a forked child, StorageError."""
        self._guard.check()
        self._next = (self._next + 1) % len(self._channels)
        channel = self._channels[self._next]
        try:
            return await channel.run(work)
        except sqlite3.DatabaseError as error:
            if (refused := storage_error(error)) is error:
                raise
            known = await channel.run(lambda connection: judged(refused, connection))
            if isinstance(known, StorageDamaged):
                self._damaged(known)
            raise known from error

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()
