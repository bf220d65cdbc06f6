"""The file that a backup is: a database, then one page that SQLite does not read, with a checksum of all of it.

A copied `.db` has no such page, may lack what stands in its `-wal`, and is no backup.
"""

import contextlib
import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import msgspec
from needlework.bus.errors import Conflict, NotFound, StorageDamaged, StorageError, StorageFull

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much (0: nobody knows)."""
PAGE = 4096
_HEAD = b"needlework backup 1"
_CHUNK = 256 * 1024
_STEP = 10_000
"""Instructions of SQLite between two looks at the progress: less than a millisecond."""


class Backup(msgspec.Struct, frozen=True):
    """What a backup says of itself."""

    version: str
    """Of needlework."""
    taken: int
    """Microseconds UTC: everything that was acknowledged before is in it."""
    message: int
    """The highest number of a message that was ever given."""
    event: int
    bytes: int
    """Of the database in it."""
    schema: dict[str, int]
    """Group -> its latest migration."""


def seal(part: Path, backup: Backup, progress: Progress) -> None:
    """Write the last page of a backup and flush it."""
    body = msgspec.json.encode(backup)
    with part.open("r+b") as file:
        digest = _read_through(file, backup.bytes, progress)
        digest.update(body)
        file.seek(backup.bytes)
        file.write(b"\n".join([_HEAD, body, digest.hexdigest().encode(), b""]).ljust(PAGE, b"\0"))
        file.flush()
        os.fsync(file.fileno())


def unseal(path: Path, progress: Progress, copy: BinaryIO | None = None) -> Backup:
    """What the backup `path` says of itself, after all of it was read and, with `copy`, its database written there.

    Raises NotFound, StorageDamaged for what is no backup or differs from what was written.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - PAGE))
        head, body, digest, *_ = [*file.read(PAGE).split(b"\n"), b"", b""]
        if head != _HEAD:
            raise StorageDamaged(
                f"{path} is not a whole backup: it does not end as `needlework backup` ends one (a copied .db is none)"
            )
        try:
            backup = msgspec.json.decode(body, type=Backup)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise StorageDamaged(f"{path} is damaged: {error}") from error
        file.seek(0)
        found = _read_through(file, backup.bytes, progress, copy)
    found.update(body)
    if found.hexdigest().encode() != digest or path.stat().st_size != backup.bytes + PAGE:
        raise StorageDamaged(f"{path} is damaged: it differs from what was written")
    return backup


def _read_through(file: BinaryIO, size: int, progress: Progress, copy: BinaryIO | None = None) -> "hashlib._Hash":
    digest, done = hashlib.sha256(), 0
    while done < size and (chunk := file.read(min(_CHUNK, size - done))):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
        done += len(chunk)
        progress("checksum" if copy is None else "copy", done, size)
    return digest


def check_sound(path: Path, progress: Progress) -> None:
    """Raises StorageDamaged where the database `path`, which nobody has open, is not sound or a message is not
    what was published."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    stopped: list[BaseException] = []

    def look() -> bool:
        try:
            progress("check", 0, 0)
        except BaseException as error:  # SQLite would only say that it was interrupted
            stopped.append(error)
        return bool(stopped)

    try:
        progress("check", 0, 0)
        connection.set_progress_handler(look, _STEP)
        _read_tables(connection, path)
    except sqlite3.OperationalError:
        if stopped:
            raise stopped[0] from None
        raise
    finally:
        connection.close()


def _read_tables(connection: sqlite3.Connection, path: Path) -> None:
    for question in ("PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"):
        row = connection.execute(question).fetchone()
        if row is not None and row[0] != "ok":
            raise StorageDamaged(f"{path} is not sound: {', '.join(map(str, row))}")
    for seq, body, checksum in connection.execute("SELECT seq, body, checksum FROM messages"):
        if crc32(body) != checksum:
            raise StorageDamaged(f"{path} is not sound: the checksum of message {seq} differs")


@contextlib.contextmanager
def unfinished(part: Path) -> Iterator[BinaryIO]:
    """`part`, new, empty, of this process alone; gone afterwards, whatever happens, unless it was given another name.

    One that a killed process left behind is replaced, one that a living process writes is not (Conflict). Raises
    StorageFull and StorageError for what the disk refuses inside.
    """
    try:
        with _locked(part) as file:
            yield file
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise StorageFull(f"no space is left for {part}") from error
        raise StorageDamaged(f"the database can't be copied: {error}") from error
    except OSError as error:
        raise StorageError(f"{error.filename or part} can't be written: {error.strerror}") from error


@contextlib.contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "r+b") as file:  # noqa: PTH123 - a descriptor, opened for its owner alone
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another process is writing {part}") from None
        try:
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, 0)
            yield file
        finally:
            part.unlink(missing_ok=True)
