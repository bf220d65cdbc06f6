"""What happens to a database file before the first transaction: is it ours, are its names numbered."""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from needlework.bus.errors import ConfigError

WAL_PRESIZE = 16 * 1024 * 1024
"""Bytes: an fsync of a file that grows costs a journal commit besides; +10 to +50 % for publishes."""


def check_plain(path: Path) -> None:
    """Raises ConfigError for a directory or a link in place of the database file."""
    if path.is_dir() or path.is_symlink():  # a link that leads nowhere included
        raise ConfigError([f"{path} is not a plain file; needlework does not follow links there"])


def number_names(connection: sqlite3.Connection, names: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], int]:
    """(kind, name) -> number of every topic and runner, the same in each process and after each restart."""
    connection.execute("BEGIN IMMEDIATE")
    for kind, known in names.items():
        for name in known:
            connection.execute("INSERT INTO names (kind, name) VALUES (?, ?) ON CONFLICT DO NOTHING", (kind, name))
    rows = connection.execute("SELECT id, kind, name FROM names").fetchall()
    connection.execute("COMMIT")
    return {(row["kind"], row["name"]): row["id"] for row in rows}


def presize(connection: sqlite3.Connection) -> None:
    """Let the write-ahead log grow to its size at once, by a large insert that is rolled back."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE presize (x BLOB)")
    connection.execute("INSERT INTO presize VALUES (zeroblob(?))", (WAL_PRESIZE,))
    connection.execute("ROLLBACK")
