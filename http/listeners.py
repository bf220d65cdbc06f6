"""A unix socket to listen on: ours alone, in a folder that is ours alone; the place of a dead one is taken over."""

import contextlib
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from needlework.bus.errors import ConfigError

_BACKLOG = 2048
_PATIENCE = 1.0
"""Seconds for an answer of whoever may listen there; who is stopped takes no longer to be connected to."""


@contextlib.contextmanager
def unix_listener(path: Path) -> Iterator[socket.socket]:
    """A listening socket; its file goes with it. Raises ConfigError where others can reach it or somebody has it."""
    _check_folder(path.parent)
    with _alone(path.parent):
        _clear(path)
        listener = _bound(path)
        own = path.lstat().st_ino
    try:
        yield listener
    finally:
        with contextlib.suppress(OSError):
            if path.lstat().st_ino == own:  # else another has its place by now; nobody gets the number before we close
                path.unlink()
        listener.close()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One that starts after the other: of two that find a dead socket, the later would remove the first one's."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _bound(path: Path) -> socket.socket:
    """A socket that listens there. Raises ConfigError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # it is never there with more rights
    try:
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError([f"can't listen on unix:{path}: {error.strerror or error}"]) from error
    finally:
        os.umask(before)
    return listener


def _check_folder(folder: Path) -> None:
    """Who may write to the folder may put a socket of theirs in our place."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise ConfigError([f"the folder {folder} of the socket can't be made: {error.strerror}"]) from error
    if found.st_uid != os.getuid():
        raise ConfigError([f"the folder {folder} of the socket belongs to somebody else; choose one of your own"])
    if found.st_mode & 0o077:
        raise ConfigError([f"others can reach into the folder {folder} of the socket; chmod 700 {folder}"])


def _clear(path: Path) -> None:
    """Remove what a killed server has left."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError([f"{path} can't be looked at: {error.strerror}"]) from error
    if not stat.S_ISSOCK(found.st_mode):
        raise ConfigError([f"{path} is not a socket; move it away, or choose another --unix"])
    if _is_listened_on(path):
        raise ConfigError([f"another program listens on unix:{path}; stop it, or choose another --unix"])
    path.unlink()


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(_PATIENCE)
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:  # a full queue, too slow: somebody is there
            return True
        return True
