"""Is the file damaged, or could the disk not be read? SQLite reports both as damage; only one ends the service."""

import contextlib
import re
import sqlite3
from pathlib import Path

from needlework.bus.errors import StorageDamaged, StorageError
from needlework.bus.sqlite.applying import storage_error

LOOKED_AT = 512 * 1024**2
"""Bytes of a database whose pages are looked through, after a start and before it is called damaged: some ms a MiB."""
_TRIES = 5
_CODE = re.compile(r"error code=(\d+)")
_IOERR = 10


def judged(known: Exception, connection: sqlite3.Connection) -> Exception:
    """`known`, or where that says that the file is damaged and it is not, the StorageError that it was.

    An error of the disk while a page is read comes as SQLITE_CORRUPT. So the file is looked through by a connection
    that has nothing in memory. The files are not opened otherwise: closing them would drop SQLite's own locks.
    """
    cause = known.__cause__
    if not isinstance(known, StorageDamaged) or getattr(cause, "sqlite_errorname", "") != "SQLITE_CORRUPT":
        return known
    return _judged(known, Path(connection.execute("PRAGMA database_list").fetchone()[2]))


def look_through(path: Path) -> None:
    """Look at every page of a file that is in use. Raises StorageDamaged; that the disk can't be read is not damage."""
    try:
        found = _look_through(path)
        known: Exception = StorageDamaged(f"{path} is damaged ({found}); restore the files from a backup")
        damaged = found != "ok" and not _unread(found)
    except sqlite3.DatabaseError as error:
        known = _judged(storage_error(error), path)
        damaged = isinstance(known, StorageDamaged)
    if damaged:
        raise known


def _judged(known: Exception, path: Path) -> Exception:
    for _ in range(_TRIES):
        if path.stat().st_size > LOOKED_AT:
            return known
        try:
            found = _look_through(path)
        except sqlite3.DatabaseError as error:
            refused = storage_error(error)
            if isinstance(refused, StorageError) and not isinstance(refused, StorageDamaged):
                return refused
            continue  # again: the error of the disk may have come as damage here too
        if found == "ok":
            return StorageError("a page could not be read; it can be read again", retry_after=1)
        if not _unread(found):
            return known
        return StorageError(f"the disk can't be read: {found}", retry_after=5)
    return known


def _unread(found: str) -> bool:
    """Whether what is wrong is that the disk could not give a page."""
    code = _CODE.search(found)
    return code is not None and int(code[1]) & 0xFF == _IOERR


def _look_through(path: Path) -> str:
    """`ok`, or the first thing that is wrong."""
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as reader:
        return " ".join(str(reader.execute("PRAGMA quick_check(1)").fetchone()[0]).split())
