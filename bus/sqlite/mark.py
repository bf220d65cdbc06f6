"""The sidecar mark: the highest acknowledged numbers, noted beside the database.

It is never ahead of the file, since it is written after COMMIT: now and then for messages and events, and before the
answer for changes by people (a revoked token must stay revoked). A start that finds the database behind its mark
(a deleted `-wal`, a flipped bit in it, a file that was cut) refuses instead of silently going on without them.
"""

import fcntl
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from needlework.bus.errors import StorageDamaged
from needlework.bus.files import check_plain, flush_folder, open_plain

_SIZE = 160
"""Bytes: one write, always as long, so that a full disk has room for every later mark."""


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """The highest numbers known to be committed; all 0 and not `made` while the file is made for the first time."""

    message: int = 0
    event: int = 0
    change: int = 0
    """Changes by people: the last line of the log for people."""
    made: bool = True
    """Whether the database file has been made: from then on it is never made again."""

    def joined(self, other: "Mark") -> "Mark":
        """The higher of both, number by number."""
        return Mark(
            max(self.message, other.message), max(self.event, other.event), max(self.change, other.change),
            self.made or other.made,
        )  # fmt: skip


NEW = Mark(made=False)
"""Stands beside a database that is being made: it may be empty as long as this is all that is known of it."""


def read_mark(path: Path) -> Mark | None:
    """The mark, or None where there is none or it was cut off while being written. Raises ConfigError."""
    try:
        descriptor = open_plain(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return _decode(os.pread(descriptor, _SIZE, 0))
    finally:
        os.close(descriptor)


def write_mark(path: Path, mark: Mark) -> None:
    """Raise the mark to `mark`; a torn write is recognised by its checksum. Several processes may do this."""
    with _locked(path) as descriptor:
        before = _decode(os.pread(descriptor, _SIZE, 0))
        body = msgspec.json.encode(mark if before is None else mark.joined(before))
        os.pwrite(descriptor, (body + b" %d\n" % zlib.crc32(body)).ljust(_SIZE), 0)


def begin(path: Path) -> None:
    """Note, before there is a database, that one is being made."""
    with _locked(path) as descriptor:
        if _decode(os.pread(descriptor, _SIZE, 0)) is None:
            body = msgspec.json.encode(NEW)
            os.pwrite(descriptor, (body + b" %d\n" % zlib.crc32(body)).ljust(_SIZE), 0)
            os.fsync(descriptor)
    flush_folder(path.parent)


def reached(connection: sqlite3.Connection) -> Mark:
    """How far the database of `connection` got, by its committed numbers."""
    numbers = dict(tuple(row) for row in connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return Mark(numbers.get("messages", 0), numbers.get("events", 0), numbers.get("audit", 0))


def check_mark(path: Path, mark: Mark | None, found: Mark) -> None:
    """Raises StorageDamaged where the database lacks what was acknowledged."""
    if mark is not None and mark.joined(found) != found:
        raise StorageDamaged(
            f"the database ends at message {found.message}, event {found.event}, change {found.change}, but"
            f" message {mark.message}, event {mark.event}, change {mark.change} were acknowledged: its write-ahead log"
            " (-wal) was deleted or damaged, or the file itself was cut or replaced. Restore the files from a backup;"
            f" to go on without what is missing, delete {path.name} yourself."
        )


def check_emptiness(path: Path, mark: Path) -> bool:
    """Whether the database is still to be made. Raises StorageDamaged where there was one, ConfigError."""
    database, log, known = check_plain(path), check_plain(path.with_name(path.name + "-wal")), check_plain(mark)
    if database is not None and database.st_size:
        return False
    if log is not None and log.st_size:
        why = "its write-ahead log (-wal) is there"
    elif known is not None and known.st_size and read_mark(mark) != NEW:
        why = f"{mark.name} says that there was one"
    elif database is not None and known is None:
        why = "needlework leaves no such file behind"
    else:
        return True
    state = "is missing" if database is None else "is empty"
    raise StorageDamaged(
        f"the database {path} {state}, but {why}. Restore the files from a backup; to begin anew, delete"
        f" {path.name}, {path.name}-wal and {mark.name} yourself."
    )


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    descriptor = open_plain(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # held for two system calls
        yield descriptor
    finally:
        os.close(descriptor)


def _decode(text: bytes) -> Mark | None:
    body, _, check = text.strip().rpartition(b" ")
    if not body or not check.isdigit() or int(check) != zlib.crc32(body):
        return None
    try:
        return msgspec.json.decode(body, type=Mark)
    except msgspec.MsgspecError:
        return None
