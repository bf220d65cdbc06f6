"""Orders for a disk that fails: `disk.c` stands between a process and its files, this says what it is to do.

A `Disk` is a shared page of numbers. It is changed while the process runs, so that a disk fills up, fails for a
while and heals again. Its preload needs a C compiler (`cc`); `.ci/run` installs one where it is missing.
"""

import atexit
import contextlib
import errno
import functools
import mmap
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).with_name("disk.c")
WRITE, SYNC, TRUNCATE, UNLINK, OPEN, READ, RENAME = (1 << bit for bit in range(7))
DATABASE, LOG, MARK, OTHER, FOLDER = 1, 2, 4, 16, 32
EVERYWHERE = DATABASE | LOG | MARK | OTHER | FOLDER
NOTHING, FAIL, KILL_BEFORE, KILL_INSIDE, KILL_AFTER, SHORT = range(6)
ALWAYS = 1_000_000
_FIELDS = (
    "calls", "files", "action", "error", "per_million", "at", "write_delay", "sync_delay", "space", "seen", "struck",
    "writes", "syncs", "chance", "log_syncs",
)  # fmt: skip


@functools.cache
def library() -> Path:
    """The compiled `disk.c`, made once for a user and a version of it. Raises RuntimeError without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise RuntimeError("these tests stand a failing disk in: install a C compiler (apt-get install gcc libc6-dev)")
    folder = Path(tempfile.mkdtemp(prefix="needlework-disk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "disk.so"
    command = [compiler, "-O2", "-Wall", "-shared", "-fPIC", "-pthread", "-o", str(made), str(SOURCE)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return made


class Disk:
    """What happens to the files below `under`. Numbers are read and set as attributes named in `disk.c`."""

    def __init__(self, under: Path, orders: Path, trace: Path | None = None) -> None:
        self.under, self.orders, self.trace = under.resolve(), orders, trace
        with orders.open("wb") as file:
            file.truncate(4096)
        with orders.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 4096)
        self._numbers = memoryview(self._page).cast("q")
        self.heal()

    @property
    def environment(self) -> dict[str, str]:
        """What a process that uses this disk is started with."""
        found = {"LD_PRELOAD": str(library()), "DISK_UNDER": str(self.under), "DISK_CONTROL": str(self.orders)}
        return found | ({"DISK_TRACE": str(self.trace)} if self.trace else {})

    def __getitem__(self, name: str) -> int:
        return self._numbers[_FIELDS.index(name)]

    def set(self, **numbers: int) -> None:
        """Change numbers."""
        for name, number in numbers.items():
            self._numbers[_FIELDS.index(name)] = number

    def heal(self) -> None:
        """A disk that does what it is asked."""
        self.set(action=NOTHING, calls=0, files=EVERYWHERE, per_million=ALWAYS, at=0, space=-1)
        self.set(write_delay=0, sync_delay=0, error=errno.EIO, seen=0, struck=0)

    def fail(self, calls: int, files: int = EVERYWHERE, *, error: int = errno.EIO, share: float = 1.0) -> None:
        """`share` of these calls fail with `error`."""
        self.set(calls=0)
        self.set(files=files, action=FAIL, error=error, at=0, per_million=round(share * ALWAYS), struck=0)
        self.set(calls=calls)

    def at(self, number: int, action: int, calls: int, *, error: int = errno.EIO) -> None:
        """One action at the `number`-th of these calls from now on, counted from 1."""
        self.set(calls=0)
        self.set(files=EVERYWHERE, action=action, at=number, seen=0, struck=0, error=error)
        self.set(calls=calls)

    def close(self) -> None:
        """Let go of the page."""
        self._numbers.release()
        self._page.close()


@contextlib.contextmanager
def disk(under: Path, trace: Path | None = None) -> Iterator[Disk]:
    """A disk for `under`, gone at the end."""
    descriptor, name = tempfile.mkstemp(prefix="needlework-orders-")
    os.close(descriptor)
    one = Disk(under, Path(name), trace)
    try:
        yield one
    finally:
        one.close()
        Path(name).unlink()
