"""Small steps with rests between them, so that a service on the same machine and disk does not wait for long work."""

import ctypes
import errno
import functools
import os
import time
from collections.abc import Callable

from needlework.bus.sqlite.copies import Progress

PIECE = 64 * 1024
"""Bytes given to the disk at once: the service's own flush waits for so many of ours at most."""
RATE = 5 * 1024**2
"""Bytes a second given to the disk at most while nothing is held up."""
HELD = 32 * 1024**2
"""The same while the write-ahead log is held back."""
_REST = 3
"""Times as long as it worked that it rests: a quarter of a core, and of a slow disk, is all that it takes."""
_WAIT_AND_WRITE = 7
"""Of `sync_file_range`: begin to write what is not written yet, and wait until it is."""
_UNSUPPORTED = frozenset((errno.ENOSYS, errno.EINVAL, errno.ESPIPE, errno.EOPNOTSUPP))


class Pace:
    """Told of each step of long work, it tells `progress`, then rests."""

    def __init__(
        self,
        progress: Progress,
        *,
        rests: bool = True,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._progress, self._clock, self._sleep = progress, clock, sleep
        self.rests = rests
        """Whether it rests now. Once there is something worse than a service that waits, it may be switched off."""
        self._since = clock()

    def step(self, name: str, done: int, of: int, seconds: float = 0.0) -> None:
        """A step was done: rest, for `seconds` at least."""
        self._progress(name, done, of)
        if self.rests:
            self._sleep(max(_REST * (self._clock() - self._since), seconds))
        self._since = self._clock()


class Flush:
    """Gives a file's pages to the disk in pieces, from its beginning on. They pile up nowhere, and an fsync after the
    last of them, which this leaves to the caller, has little left to do.

    An fsync of each piece would do as well, but each one makes the disk empty its cache and the file system commit its
    journal, which whoever else flushes waits for.
    """

    def __init__(self, descriptor: int, pace: Pace) -> None:
        self._descriptor, self._pace = descriptor, pace
        self.done = 0
        """Bytes from the beginning that were given to the disk."""

    def until(self, end: int, size: int, rate: int) -> None:
        """Go on up to byte `end` of `size`, at `rate` bytes a second at most. Raises OSError where the disk fails."""
        while self.done < end:
            _write_range(self._descriptor, self.done, PIECE)
            self.done += PIECE
            self._pace.step("flush", min(self.done, size), size, PIECE / rate)


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _write_range(descriptor: int, start: int, length: int) -> None:
    """Where the system can't do it (it is Linux's own), the fsync at the end does all."""
    call = getattr(_library(), "sync_file_range", None)
    if call is None:
        return
    flags = ctypes.c_uint(_WAIT_AND_WRITE)
    if call(descriptor, ctypes.c_int64(start), ctypes.c_int64(length), flags):
        failed = ctypes.get_errno()
        if failed not in _UNSUPPORTED:  # never passed over: the kernel tells it once
            raise OSError(failed, os.strerror(failed))
