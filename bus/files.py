"""Our own small files in the data directory: opened only where they are plain files, never through a link."""

import os
import stat
from pathlib import Path

from needlework.bus.errors import ConfigError

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_plain(path: Path) -> os.stat_result | None:
    """What is known of a plain file, None where there is none. Raises ConfigError for anything else in its place."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError([f"{path} can't be looked at: {error.strerror}"]) from error
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise ConfigError([f"{path} is {_KINDS.get(kind, 'something else')}, not a plain file; move it away"])
    return found


def open_plain(path: Path, flags: int) -> int:
    """A descriptor of a file that is ours alone (0600 where `flags` create it).

    Raises ConfigError for a link, a directory, a pipe, and where the directory or the disk refuses.
    """
    check_plain(path)
    try:
        # O_NONBLOCK: a pipe that came in between must not be waited for
        descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
        raise ConfigError([f"{path} can't be made: its directory is not there"]) from None
    except OSError as error:
        raise ConfigError([f"{path} can't be opened: {error.strerror}"]) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConfigError([f"{path} is not a plain file; move it away"])
    return descriptor


def flush_folder(folder: Path) -> None:
    """Let a new name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
