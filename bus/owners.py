"""Who is alive: each process start has a random epoch and holds a kernel lock on a file of that name.

A lock dies with its process, whatever kills it; a stopped process (SIGSTOP) keeps it. So a free lock proves that
its process is gone, and time proves nothing.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from needlework.bus.errors import ConfigError
from needlework.bus.files import open_plain
from needlework.bus.forks import leave_to_parent


class ProcessLock:
    """An exclusive kernel lock on a file, held until `release` or the death of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False where another process holds it. Raises ConfigError where the file is no lock of ours."""
        descriptor = open_plain(self.path, os.O_RDWR | os.O_CREAT)
        if not self._hold(descriptor):
            return False
        with contextlib.suppress(OSError):  # a full disk: the lock holds without a name in it
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        return True

    def _hold(self, descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        leave_to_parent(self)
        return True

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; `remove` takes the file away too."""
        if self._descriptor is not None:
            if remove:
                self.path.unlink(missing_ok=True)
            self.let_go()

    def let_go(self) -> None:
        """Close the file; the lock falls where no other process has the descriptor."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextlib.contextmanager
    def shared(self) -> Iterator[tuple[int, ...]]:
        """A descriptor, where the lock is held, to be inherited by a process that then holds the lock too.

        A second one: a fork lets go of the first before the other program begins.
        """
        found = () if self._descriptor is None else (os.dup(self._descriptor),)
        try:
            yield found
        finally:
            for descriptor in found:
                os.close(descriptor)

    def holder(self) -> int | None:
        """The process id written by whoever holds the lock."""
        try:
            return int(self.path.read_text().strip() or 0) or None
        except (OSError, ValueError):
            return None


class ServerLock(ProcessLock):
    """The lock file of a server, and the data directory itself: the file can be deleted by hand while it is served."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "needlework.lock")
        self._folder = _FolderLock(directory)

    def acquire(self) -> bool:
        """Take both or neither."""
        if not self._folder.acquire():
            return False
        taken = False
        try:
            taken = super().acquire()
        finally:
            if not taken:
                self._folder.release()
        return taken

    def release(self, *, remove: bool = False) -> None:
        """Give both back; `remove` takes the file away too."""
        super().release(remove=remove)
        self._folder.release()

    def holder(self) -> int | None:
        """The process id of the server, also where its file is gone: then as the kernel says, where it does."""
        return super().holder() or self._folder.holder()


class _FolderLock(ProcessLock):
    """A lock on a folder, which has no room for the name of whoever holds it."""

    def acquire(self) -> bool:
        return self._hold(os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def holder(self) -> int | None:
        """By the kernel's list of locks, on Linux."""
        found = self.path.stat()
        place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        with contextlib.suppress(OSError, ValueError):
            for line in Path("/proc/locks").read_text().splitlines():
                words = line.split()  # 1: FLOCK ADVISORY WRITE 708 08:01:131 0 EOF
                if "FLOCK" in words and place in words and "->" not in words:
                    return int(words[4])
        return None


def lock_server(directory: Path) -> ServerLock:
    """The lock that only one server on a data directory holds. Raises ConfigError naming the process that has it."""
    lock = ServerLock(directory)
    if not lock.acquire():
        pid = lock.holder()
        raise ConfigError([f"another needlework (pid {pid}) serves {directory}; stop it, or choose another --data"])
    return lock


def lock_epoch(directory: Path, epoch: str) -> ProcessLock:
    """The lock by which other processes see that `epoch` is alive. Raises ConfigError where another holds it."""
    folder = directory / "epochs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"the folder {folder} can't be made: {error.strerror}"]) from error
    if folder.is_symlink():
        raise ConfigError([f"{folder} is a link, not a folder; move it away"])
    path = folder / f"{epoch}.lock"
    lock = ProcessLock(folder / f".{epoch}.new")
    if is_alive(directory, epoch) or not lock.acquire():
        raise ConfigError([f"the epoch {epoch} is held by another process"])
    lock.path.rename(path)  # held before it has its name: nobody finds it free and takes its process for dead
    lock.path = path
    return lock


def is_alive(directory: Path, epoch: str) -> bool:
    """Whether the process of `epoch` still lives: whether its lock is held. The file of a dead one is removed."""
    path = directory / "epochs" / f"{epoch}.lock"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that look do not take each other for it
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    path.unlink(missing_ok=True)
    return False


def living(directory: Path) -> frozenset[str]:
    """The epochs of all processes that are attached to a data directory now."""
    with os.scandir(directory / "epochs") as entries:
        epochs = [entry.name.removesuffix(".lock") for entry in entries if not entry.name.startswith(".")]
    return frozenset(epoch for epoch in epochs if is_alive(directory, epoch))
