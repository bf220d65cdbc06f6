"""Who is alive: each process start has a random epoch and holds a kernel lock on a file of that name.

A lock dies with its process, whatever kills it; a stopped process (SIGSTOP) keeps it. So a free lock proves that
its process is gone, and time proves nothing.
"""

import contextlib
import fcntl
import os
import weakref
from pathlib import Path

from needlework.bus.errors import ConfigError
from needlework.bus.files import open_plain


class ProcessLock:
    """An exclusive kernel lock on a file, held until `release` or the death of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False where another process holds it. Raises ConfigError where the file is no lock of ours."""
        descriptor = open_plain(self.path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        with contextlib.suppress(OSError):  # a full disk: the lock holds without a name in it
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        _held.add(self)
        return True

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; `remove` takes the file away too."""
        if self._descriptor is not None:
            if remove:
                self.path.unlink(missing_ok=True)
            self._let_go()

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The process id written by whoever holds the lock."""
        try:
            return int(self.path.read_text().strip() or 0) or None
        except (OSError, ValueError):
            return None


_held: "weakref.WeakSet[ProcessLock]" = weakref.WeakSet()


def _leave_to_parent() -> None:
    """A forked child would keep the lock beyond the death of its parent."""
    for lock in _held:
        lock._let_go()


os.register_at_fork(after_in_child=_leave_to_parent)


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
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"the folder {folder} can't be made: {error.strerror}"]) from error
    if folder.is_symlink():
        raise ConfigError([f"{folder} is a link, not a folder; move it away"])
    lock = ProcessLock(folder / f"{epoch}.lock")
    if not lock.acquire():
        raise ConfigError([f"the epoch {epoch} is held by another process"])
    return lock


def is_alive(directory: Path, epoch: str) -> bool:
    """Whether the process of `epoch` still lives: whether its lock is held."""
    lock = ProcessLock(directory / "epochs" / f"{epoch}.lock")
    if not lock.path.exists():  # given back, or the file is of a copied directory: no process is behind it
        return False
    if not lock.acquire():
        return True
    lock.release(remove=True)
    return False
