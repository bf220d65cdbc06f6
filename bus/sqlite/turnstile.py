"""Writers of several processes take turns: a place at a gate, then the lane.

SQLite's busy handler sleeps up to 0.1 s between its tries, so that whoever waits beside a busy writer starves. Here
the one that waits stands in the gate, and the writer that has just left the lane queues behind it. Locks fall with
their process.
"""

import fcntl
import os
import time
from pathlib import Path

from needlework.bus.errors import StorageBusy, StorageError
from needlework.bus.forks import leave_to_parent

PATIENCE = 5.0
"""Seconds that a writer waits for its turn; then whoever waits hears that the database is busy."""
_PAUSE = 0.0003


class Turnstile:
    """`with turnstile:` around a transaction. Does nothing until `shared` says that another process is attached."""

    def __init__(self, database: Path) -> None:
        self._paths = [database.with_name(f"{database.name}.{part}") for part in ("gate", "turn")]
        self._descriptors: list[int] = []
        self.shared = False
        self._held = False

    def __enter__(self) -> None:
        """Raises StorageBusy where the turn does not come within `PATIENCE`, StorageError where the disk refuses."""
        if not self.shared:
            return
        if not self._descriptors:
            self._open()
        gate, lane = self._descriptors
        end = time.monotonic() + PATIENCE
        _lock(gate, end)
        try:
            _lock(lane, end)
            self._held = True
        finally:
            fcntl.flock(gate, fcntl.LOCK_UN)

    def __exit__(self, *_: object) -> None:
        if self._held:
            self._held = False
            fcntl.flock(self._descriptors[1], fcntl.LOCK_UN)

    def _open(self) -> None:
        try:
            for path in self._paths:
                self._descriptors.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            self.let_go()
            raise StorageError(f"{error.filename} can't be opened: {error.strerror}", retry_after=1) from error
        leave_to_parent(self)

    def let_go(self) -> None:
        """Close the files."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []


def _lock(descriptor: int, end: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise StorageBusy("another process holds the database", retry_after=1) from None
            time.sleep(_PAUSE)
        else:
            return
