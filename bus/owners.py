"""Who is alive: each process start has a random epoch and holds a kernel lock on a file of that name.

A lock dies with its process, whatever kills it; a stopped process (SIGSTOP) keeps it. So a free lock proves that
its process is gone, and time proves nothing.
"""

import fcntl
import os
from pathlib import Path

from needlework.bus.errors import ConfigError


class ProcessLock:
    """An exclusive kernel lock on a file, held until `release` or the death of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False where another process holds it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return True

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; `remove` takes the file away too."""
        if self._descriptor is not None:
            if remove:
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The process id written by whoever holds the lock."""
        try:
            return int(self.path.read_text().strip() or 0) or None
        except (OSError, ValueError):
            return None


def lock_server(directory: Path) -> ProcessLock:
    """The lock that only one server on a data directory holds. Raises ConfigError naming the process that has it."""
    lock = ProcessLock(directory / "needlework.lock")
    if not lock.acquire():
        pid = lock.holder()
        raise ConfigError([f"another needlework (pid {pid}) serves {directory}; stop it, or choose another --data"])
    return lock


def lock_epoch(directory: Path, epoch: str) -> ProcessLock:
    """The lock by which other processes see that `epoch` is alive."""
    folder = directory / "epochs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = ProcessLock(folder / f"{epoch}.lock")
    if not lock.acquire():
        raise ConfigError([f"the epoch {epoch} is held by another process"])
    return lock


def is_alive(directory: Path, epoch: str) -> bool:
    """Whether the process of `epoch` still lives: whether its lock is held."""
    lock = ProcessLock(directory / "epochs" / f"{epoch}.lock")
    if not lock.path.exists() or not lock.acquire():
        return lock.path.exists()
    lock.release(remove=True)
    return False
