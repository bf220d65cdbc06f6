"""Backups: a consistent copy made beside a running server, checked before it is given its name, and the way back."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from needlework.bus.errors import ConfigError, Conflict, NotFound, StorageDamaged, StorageFull
from needlework.bus.files import flush_folder
from needlework.bus.owners import lock_server
from needlework.bus.sqlite.connections import forget_index, frames_to_checkpoint, keep_index, prepare_reader
from needlework.bus.sqlite.copies import PAGE, Backup, Progress, check_sound, seal, unfinished, unseal
from needlework.bus.sqlite.mark import Mark, reached, read_mark, write_mark
from needlework.bus.sqlite.migrating import APPLICATION_ID, migration_files
from needlework.bus.sqlite.pacing import HELD, RATE, Flush, Pace

DATABASE = "needlework.db"
_STEP = 64
"""Pages copied at a time."""
_AHEAD = 144 * 1024**2
"""Bytes copied that the disk has not got yet, at most (and a twentieth of the machine's memory at most): so much is
copied at the speed of memory, so that the write-ahead log is held back for a second, not for as long as the disk takes.
Half a minute after it was copied the kernel would write all of it at once; `RATE` is done by then."""
_LOG = 64 * 1024**2
"""Bytes of the write-ahead log that are not in the database yet, above which the copy takes no more rests."""
_VERSIONS = (18, b"\x01\x01")
"""Where a database's first page says that it needs a write-ahead log, and how it says that it does not."""
_NO_DATA = frozenset({"needlework.toml", "plugins", "epochs"})
"""What a directory may hold that a backup is restored into, besides locks."""


def back_up(directory: Path, target: Path, *, version: str, now: int, pace: Pace) -> Backup:
    """Copy the database of the data directory to `target`, whether it is served or not; `now` is microseconds UTC.

    The snapshot is held while the pages are copied to memory; giving them to the disk, which takes most of the time,
    and reading them through hold up nothing.

    Raises NotFound, Conflict where `target` exists, StorageDamaged where the database lacks what was acknowledged or
    the copy is not sound, StorageError where it can't be written.
    """
    source, part = directory / DATABASE, target.with_name(f"{target.name}.part")
    if not source.is_file():
        raise NotFound(f"there is no database in {directory}")
    if target.exists():
        raise Conflict(f"{target} exists already; a backup never replaces a file")
    with unfinished(part) as file:
        flush = Flush(file.fileno(), pace)
        with _snapshot(source) as (connection, mark):
            schema = dict(connection.execute("SELECT group_name, max(number) FROM migrations GROUP BY group_name"))
            _copy(connection, source, part, flush, pace)
        os.pwrite(file.fileno(), _VERSIONS[1], _VERSIONS[0])
        size = part.stat().st_size
        flush.until(size, size, RATE)
        os.fsync(file.fileno())
        check_sound(part, pace.step)
        backup = Backup(version, now, mark.message, mark.event, size, schema)
        seal(part, backup, pace.step)
        part.rename(target)
        flush_folder(target.parent)
    return backup


def verify(file: Path, groups: Sequence[tuple[str, Path]], progress: Progress) -> Backup:
    """Read a backup through; `groups` are the migrations that the code has.

    Raises NotFound, StorageDamaged, ConfigError where it is of newer code.
    """
    backup = unseal(file, progress)
    known = {group: len(migration_files(folder)) for group, folder in groups}
    if any(number > known.get(group, number) for group, number in backup.schema.items()):
        raise ConfigError([f"{file} was made by newer code (needlework {backup.version}); update needlework"])
    return backup


def restore(file: Path, directory: Path, groups: Sequence[tuple[str, Path]], progress: Progress) -> Backup:
    """Put a backup's database into `directory`, where there is none.

    Raises what `verify` raises, Conflict where the directory holds data, ConfigError where it is served.
    """
    verify(file, groups, progress)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = lock_server(directory)
    try:
        part = directory / f"{DATABASE}.restoring"
        there = {path.name for path in directory.iterdir() if path.suffix != ".lock"}
        if held := sorted(there - _NO_DATA - {part.name}):
            raise Conflict(f"{directory} holds {', '.join(held[:3])}; restore into a directory without data")
        with unfinished(part) as copy:
            backup = unseal(file, progress, copy)
            copy.flush()
            os.fsync(copy.fileno())
            check_sound(part, progress)
            os.link(part, directory / DATABASE)  # unlike a rename it never replaces a file
            write_mark(directory / f"{DATABASE}.mark", Mark(backup.message, backup.event))
        flush_folder(directory)
    finally:
        lock.release()
    return backup


@contextlib.contextmanager
def _snapshot(source: Path) -> Iterator[tuple[sqlite3.Connection, Mark]]:
    """A reading connection that holds one committed state, and its highest numbers. Raises StorageDamaged, Conflict."""
    known = read_mark(source.with_name(f"{source.name}.mark")) or Mark()  # first: what comes later may be higher
    keep_index(source)
    connection = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        prepare_reader(connection)
        connection.execute("BEGIN")
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise Conflict(f"{source} belongs to another program")
        mark = reached(connection)
        if mark.joined(known) != mark:
            raise StorageDamaged(f"{source} lacks messages that were acknowledged; `needlework serve` says more")
        yield connection, mark
    finally:
        connection.close()
        forget_index(source)


def _copy(connection: sqlite3.Connection, source: Path, part: Path, flush: Flush, pace: Pace) -> None:
    """The pages of the snapshot. It holds up no writer; the server's log can't be reused until it ends."""
    needed = connection.execute("PRAGMA page_count").fetchone()[0] * PAGE
    if shutil.disk_usage(part.parent).free < needed:
        raise StorageFull(f"no space is left in {part.parent}: the copy needs {needed // 1024**2 + 1} MiB")
    ahead = min(_AHEAD, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 20)
    rests = pace.rests
    target = sqlite3.connect(part, isolation_level=None)
    try:
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA synchronous = OFF")

        def step(status: int, remaining: int, total: int) -> None:
            pace.rests = rests and frames_to_checkpoint(source) * PAGE <= _LOG
            pace.step("copy", total - remaining, total)
            flush.until((total - remaining) * PAGE - ahead, needed, HELD)

        connection.backup(target, pages=_STEP, progress=step)
    finally:
        pace.rests = rests
        target.close()
