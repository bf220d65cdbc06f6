"""Numbered migrations, one transaction each start; a copy is kept, a file from newer code is refused, never changed."""

import contextlib
import hashlib
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from needlework.bus.errors import ConfigError
from needlework.bus.files import flush_folder

APPLICATION_ID = 0x6E65_6564
"""SQLite's application_id of our files ("need"): another program's database is refused."""
Group = tuple[str, Path]
"""Who owns some tables, and the folder of its migrations."""
_FILE = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


def migration_files(folder: Path) -> list[Path]:
    """The migrations of one group in order. Raises ConfigError for a gap or a badly named file."""
    files = sorted(path for path in folder.glob("*.sql"))
    for number, path in enumerate(files, start=1):
        match = _FILE.fullmatch(path.name)
        if match is None or int(match[1]) != number:
            raise ConfigError([f"{path}: migrations are numbered 0001_name.sql, 0002_name.sql, …"])
    return files


def check_newer(connection: sqlite3.Connection, groups: Sequence[Group]) -> None:
    """Raises ConfigError where the database has migrations that this code does not know."""
    for group, folder in groups:
        names = _applied(connection, group)
        if len(names) > len(migration_files(folder)):
            newest = names[-1]["name"]
            raise ConfigError([f"the database was made by newer code ({group} migration {newest}); update needlework"])


def _applied(connection: sqlite3.Connection, group: str) -> list[sqlite3.Row]:
    return connection.execute(
        "SELECT number, name, checksum FROM migrations WHERE group_name = ? ORDER BY number", (group,)
    ).fetchall()


def _keep_copy(connection: sqlite3.Connection, groups: Sequence[Group]) -> None:
    """Copy a database that is about to be migrated to `needlework.db.before-<migration>`, under our write lock."""
    pending = [path for group, folder in groups for path in migration_files(folder)[len(_applied(connection, group)) :]]
    name = connection.execute("PRAGMA database_list").fetchone()["file"]
    if not pending or not name:
        return
    path = Path(name)
    copy = path.with_name(f"{path.name}.before-{pending[0].parent.parent.name}-{pending[0].stem}")
    part = copy.with_name(copy.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(part)) as target,
        ):
            source.backup(target)
        part.replace(copy)
        flush_folder(copy.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def migrate(connection: sqlite3.Connection, groups: Sequence[Group], now: int) -> int:
    """Bring the database up to the code's migrations, all in one transaction; how many ran.

    Of a database that exists already a copy is kept first. Raises ConfigError for a file that is not ours.
    """
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if found not in (0, APPLICATION_ID) or (found == 0 and tables):
        raise ConfigError(["the database file belongs to another program; choose another --data directory"])
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (group_name TEXT NOT NULL, number INTEGER NOT NULL,"
            " name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL,"
            " PRIMARY KEY (group_name, number)) STRICT, WITHOUT ROWID"
        )
        if tables:
            _keep_copy(connection, groups)
        check_newer(connection, groups)
        ran = sum(_migrate_group(connection, group, folder, now) for group, folder in groups)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return ran


def _migrate_group(connection: sqlite3.Connection, group: str, folder: Path, now: int) -> int:
    files = migration_files(folder)
    rows = _applied(connection, group)
    ran = 0
    for number, path in enumerate(files, start=1):
        text = path.read_text()
        checksum = hashlib.sha256(text.encode()).hexdigest()
        if number <= len(rows):
            if rows[number - 1]["checksum"] != checksum:
                raise ConfigError([f"{path} differs from what this database was made with; restore the file"])
            continue
        try:
            for statement in split_statements(text):
                connection.execute(statement)
        except sqlite3.Error as error:
            wrong = isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError)
            if wrong or getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR":
                raise ConfigError([f"{path}: {error}; the database is as it was"]) from error
            raise
        connection.execute(
            "INSERT INTO migrations (group_name, number, name, checksum, applied_at) VALUES (?, ?, ?, ?, ?)",
            (group, number, path.name, checksum, now),
        )
        ran += 1
    return ran


def split_statements(text: str) -> list[str]:
    """The statements of an SQL file (`executescript` would commit the open transaction)."""
    statements, current = [], ""
    for line in text.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    if current.strip() and not all(line.startswith("--") for line in current.strip().splitlines()):
        statements.append(current)
    return statements
