"""What happens to a database file before the first transaction: is it ours, are its names numbered."""

import contextlib
import errno
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from needlework.bus.errors import ConfigError, NeedleworkError, StorageDamaged, StorageError, StorageFull
from needlework.bus.files import check_plain, flush_folder
from needlework.bus.sqlite.applying import storage_error
from needlework.bus.sqlite.mark import begin, check_emptiness, check_mark, reached, read_mark
from needlework.bus.sqlite.migrating import APPLICATION_ID, Group, check_newer

FREE = "; free some space (about 20 MiB are needed to start) and start again"
WAL_PRESIZE = 16 * 1024 * 1024
"""Bytes: an fsync of a file that grows costs a journal commit besides; +10 to +50 % for publishes."""
WHOLE = 32 * 1024**2
"""Bytes of a database that is looked through page by page and index by index before each start: 4 ms a MiB. A larger
one starts at once, and its pages are looked through beside the first work (`judging.look_through`)."""

_STRAY = {
    table: f"SELECT count(*) FROM {table} AS it LEFT JOIN messages ON messages.seq = it.message"
    " WHERE messages.seq IS NULL OR messages.workspace <> it.workspace OR it.priority NOT BETWEEN 0 AND 9"
    " OR it.runner NOT IN (SELECT id FROM names WHERE kind = 'runner')"
    for table in ("deliveries", "parked")
}
"""What no transaction of ours leaves behind, but a flipped bit that SQLite can't see."""


def prepare_files(path: Path, mark: Path, groups: Sequence[Group], *, first: bool = True) -> None:
    """Refuse what is not ours or not whole, before anything is written; note it where the database is to be made.

    The pages are looked through by the `first` process alone: those that join it would only repeat that. Raises
    ConfigError for other programs' files and files of newer code, StorageDamaged for damaged ones.
    """
    for name in ("", "-wal", "-shm", "-journal"):
        check_plain(path.with_name(path.name + name))
    if path.exists() and mark.exists() and path.with_name(path.name + "-journal").exists():
        _roll_back(path)
    if check_emptiness(path, mark):
        begin(mark)
        return
    _check_header(path)
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        if _check_content(connection, path, mark, groups) and first:
            _look_through(connection, path)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)  # SQLite gives -wal and -shm the same rights


def _roll_back(path: Path) -> None:
    """Let SQLite take back what was cut off while the file was being made; a connection that only reads can't."""
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def _check_header(path: Path) -> None:
    """Whose file it is, by its first page alone: any other look of SQLite's might change a file of another program.

    Never by a descriptor of our own: closing that would give up all locks of this process on the file, those of
    another bus in it too.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        try:
            # else a first page that was written back before the others, which the log still holds, would be damage
            connection.execute("PRAGMA writable_schema = ON")
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            foreign = application != APPLICATION_ID and (application or _objects(connection))
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "") not in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
                raise
            raise StorageDamaged(f"{path} is not a database (any more): it was overwritten or cut") from error
    if foreign:
        raise ConfigError([f"{path} belongs to another program; choose another --data directory"])


def _objects(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def _check_content(connection: sqlite3.Connection, path: Path, mark: Path, groups: Sequence[Group]) -> bool:
    """Whether it has tables yet, and they hold all that was acknowledged."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'messages'").fetchone():
        known = read_mark(mark)
        if known is not None and known.made:
            raise StorageDamaged(f"{path} has lost its tables; restore the files from a backup")
        return False
    check_newer(connection, groups)
    known = read_mark(mark)  # first: another process may store more, and note it, at any moment
    check_mark(mark, known, reached(connection))
    return True


def _look_through(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size > WHOLE:
        return
    _check_pages(connection, path)
    for table, sql in _STRAY.items():
        if count := connection.execute(sql).fetchone()[0]:
            what = f"{count} rows of {table} fit no message or runner"
            raise StorageDamaged(f"{path} is damaged: {what}; restore the files from a backup")


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    found = [" ".join(str(row[0]).split()) for row in connection.execute("PRAGMA integrity_check(3)").fetchall()]
    if found != ["ok"]:
        raise StorageDamaged(f"{path} is damaged ({'; '.join(found)}); restore the files from a backup")


def unusable(path: Path, error: sqlite3.Error | OSError | UnicodeDecodeError) -> NeedleworkError:
    """What it means that the database can't be opened: one line that says what to do."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind = StorageFull if full else StorageError
        return kind(f"{error.filename or path} can't be written: {error.strerror}{FREE if full else ''}")
    known = storage_error(error)
    if isinstance(known, StorageFull):
        return StorageFull(f"{path} can't be opened: the disk is full{FREE}")
    if isinstance(known, NeedleworkError) and not isinstance(known, StorageDamaged):
        return StorageError(f"{path} can't be opened: {known.detail}; may its owner write there?")
    return StorageDamaged(f"{path} can't be read: {error}; restore the files from a backup")


def number_names(connection: sqlite3.Connection, names: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], int]:
    """(kind, name) -> number of every topic and runner, the same in each process and after each restart."""
    connection.execute("BEGIN IMMEDIATE")
    for kind, known in names.items():
        for name in known:
            connection.execute("INSERT INTO names (kind, name) VALUES (?, ?) ON CONFLICT DO NOTHING", (kind, name))
    rows = connection.execute("SELECT id, kind, name FROM names").fetchall()
    connection.execute("COMMIT")
    return {(row["kind"], row["name"]): row["id"] for row in rows}


def write_back(connection: sqlite3.Connection) -> None:
    """Bring what the log holds into the file, so that the next commit begins the log anew.

    A sync that failed leaves pages in memory that the system takes for written. A process that dies then leaves a log
    which reads well and is not on the disk: what is acknowledged behind such a gap is gone with the power. Where
    another process is attached, the log is its own, and was never read anew: there is nothing to do.
    """
    patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    connection.execute(f"PRAGMA busy_timeout = {patience}")


def flush_names(directory: Path) -> None:
    """See that the names of the files are on the disk: SQLite passes over a sync of the directory that failed."""
    flush_folder(directory)
    with contextlib.suppress(PermissionError):  # somebody else made the one above
        flush_folder(directory.parent)


def presize(connection: sqlite3.Connection) -> None:
    """Let the write-ahead log grow to its size at once, by a large insert that is rolled back."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE presize (x BLOB)")
    connection.execute("INSERT INTO presize VALUES (zeroblob(?))", (WAL_PRESIZE,))
    connection.execute("ROLLBACK")
