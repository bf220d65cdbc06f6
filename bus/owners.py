"""Who is alive: each process start has a random epoch and holds a kernel lock on a file of that name.

A lock dies with its process, whatever kills it; a stopped process (SIGSTOP) keeps it. So a free lock proves that
its process is gone, and time proves nothing. Nor does a missing file, which anybody can delete: on Linux a process has
its epoch in the kernel's list of names besides, which nobody can.
"""

import contextlib
import errno
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from needlework.bus.errors import ConfigError
from needlework.bus.files import open_plain
from needlework.bus.forks import leave_to_parent

_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


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
                with contextlib.suppress(OSError):  # a file that nobody holds says that its process is dead, too
                    self.path.unlink()
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


class EpochLock(ProcessLock):
    """The lock by which other processes see that an epoch is alive, and its name in the kernel."""

    def __init__(self, directory: Path, epoch: str) -> None:
        super().__init__(directory / "epochs" / f"{epoch}.lock")
        self._directory, self._epoch = directory, epoch
        self._name: int | None = None

    def acquire(self) -> bool:
        """Take it; where it is held already, make the file anew. Raises ConfigError where its folder can't be used."""
        folder = _own_folder(self.path.parent)
        if self._descriptor is None and is_alive(self._directory, self._epoch):
            return False
        new = ProcessLock(folder / f".{self._epoch}.new")
        if not new.acquire():
            return False
        try:  # held before it has its name: nobody finds it free and takes its process for dead
            new.path.rename(self.path)
        except OSError:
            new.let_go()
            raise
        super().let_go()
        self._descriptor, new._descriptor = new._descriptor, None
        leave_to_parent(self)
        if self._name is None:
            self._name = _take_name(self._directory, self._epoch)
        return True

    def restore(self) -> bool:
        """Make the file anew where somebody has deleted it; whether that was so."""
        if self._descriptor is None:
            return False
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(self.path.stat(), os.fstat(self._descriptor)):
                return False
        return self.acquire()

    def let_go(self) -> None:
        """Close both."""
        super().let_go()
        if self._name is not None:
            os.close(self._name)
            self._name = None


def lock_epoch(directory: Path, epoch: str) -> EpochLock:
    """The lock by which other processes see that `epoch` is alive. Raises ConfigError where another holds it."""
    lock = EpochLock(directory, epoch)
    if not lock.acquire():
        raise ConfigError([f"the epoch {epoch} is held by another process"])
    return lock


def _own_folder(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"the folder {folder} can't be made: {error.strerror}"]) from error
    if folder.is_symlink():
        raise ConfigError([f"{folder} is a link, not a folder; move it away"])
    return folder


def _address(directory: Path, epoch: str) -> bytes:
    """A name that is no file: it lasts for as long as its process, and is its own in all of this kernel."""
    found = directory.stat()
    return f"\0needlework {found.st_dev} {found.st_ino} {epoch}".encode()


def _take_name(directory: Path, epoch: str) -> int | None:
    """A descriptor that keeps the name; None where there are no such names."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as name:
            name.bind(_address(directory, epoch))
            return name.detach()
    return None


def _has_name(directory: Path, epoch: str) -> bool:
    if sys.platform != "linux":
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.connect(_address(directory, epoch))
    except OSError as error:
        if error.errno in _EXHAUSTED:  # nothing can be told from that
            raise
        return False
    return True


def is_alive(directory: Path, epoch: str) -> bool:
    """Whether the process of `epoch` still lives: whether its lock is held, or its name where the file is gone.

    The file of a dead one is removed.
    """
    path = directory / "epochs" / f"{epoch}.lock"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return _has_name(directory, epoch)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that look do not take each other for it
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    with contextlib.suppress(OSError):  # it is in nobody's way
        path.unlink()
    return False


def living(directory: Path) -> frozenset[str]:
    """The epochs of all processes that are attached to a data directory now."""
    with os.scandir(directory / "epochs") as entries:
        epochs = [entry.name.removesuffix(".lock") for entry in entries if not entry.name.startswith(".")]
    return frozenset(epoch for epoch in epochs if is_alive(directory, epoch))
