"""Is the file damaged, or could the disk not be read? SQLite reports both as damage; only one ends the service."""

import contextlib
import sqlite3
from pathlib import Path

from needlework.bus.errors import StorageDamaged, StorageError

LOOKED_AT = 512 * 1024**2
"""Bytes of a database that is looked through before it is called damaged: about 0.4 s. Larger ones are not."""
_TRIES = 3
_CHUNK = 1024 * 1024


def judged(known: Exception, connection: sqlite3.Connection) -> Exception:
    """`known`, or where that says that the file is damaged and it is not, the StorageError that it was.

    An error of the disk while a page is read comes as SQLITE_CORRUPT. So the files are read: where that fails it was
    the disk; where they can be read and are whole, it was too, and has passed.
    """
    cause = known.__cause__
    if not isinstance(known, StorageDamaged) or getattr(cause, "sqlite_errorname", "") != "SQLITE_CORRUPT":
        return known
    path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    for _ in range(_TRIES):
        try:
            size = _read_through(path)
        except FileNotFoundError:
            return known
        except OSError as error:
            return StorageError(f"the disk can't be read: {error.strerror}", retry_after=5)
        if size > LOOKED_AT:
            return known
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(_reader(path)) as reader:
            if reader.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
                return StorageError("a page could not be read; it can be read again", retry_after=1)
            return known
    return known


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)


def _read_through(path: Path) -> int:
    """Read the database and its log from end to end; the bytes of the database. Raises OSError."""
    log = path.with_name(path.name + "-wal")
    for part in (log, path) if log.exists() else (path,):
        with part.open("rb", buffering=0) as file:
            while file.read(_CHUNK):
                pass
    return path.stat().st_size
