"""What other processes did to the file: noticed by `data_version`, then read in one hop."""

import sqlite3
from pathlib import Path

import msgspec
from needlework.bus.sql import Queries

_sql = Queries(Path(__file__).parent / "processes.sql")


class Seen(msgspec.Struct, frozen=True):
    """One snapshot of what concerns other processes."""

    changes: dict[str, int]
    """What processes keep in memory -> how often it was changed."""
    arrivals: list[tuple[int, int, int, int, int]]
    """(runner, workspace, priority, due, message) of deliveries that others let wait."""
    latest_event: int


class Notice:
    """Whether anybody has committed since the last look. Lives in the event loop: a look takes microseconds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._version = -1

    def changed(self) -> bool:
        """Whether the file is another than at the last call; our own commits count too."""
        if self._connection is None:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        before, self._version = self._version, version
        return bool(before != version)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def see(connection: sqlite3.Connection) -> Seen:
    """Read it all in one snapshot: a hold that was lifted must be known before what it let go."""
    connection.execute("BEGIN")
    try:
        changes = dict(connection.execute(_sql["changes"]).fetchall())
        arrivals = [tuple(row) for row in connection.execute(_sql["arrivals"]).fetchall()]
        latest = connection.execute(_sql["last_event"]).fetchone()
    finally:
        connection.execute("COMMIT")
    return Seen(changes, arrivals, latest[0] if latest else 0)
