"""The machine below the data directory: do flushes reach a disk, is there room, does the clock go right."""

import ctypes
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from needlework.cli.checks.findings import Finding

_FLUSHES = 40
_TOO_FAST = 0.00003
"""Seconds: no disk that keeps what it was given answers sooner; such a flush ended in memory."""
_SLOW = 0.05
_LEAST, _LITTLE = 128 * 1024**2, 1024**3
"""Bytes free below which it fails, or soon will."""
_UNSYNCHRONISED = 0x40
"""STA_UNSYNC of adjtimex(2)."""
_STATUS_AT = 40
"""Byte at which `struct timex` has its status on 64-bit Linux."""
_DRIFT = 0.005


def flushes(directory: Path) -> Finding:
    """Measures what one durable commit waits for."""
    took = []
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            for _ in range(_FLUSHES):
                file.write(b"\0" * 4096)
                file.flush()
                start = time.perf_counter()
                os.fsync(file.fileno())
                took.append(time.perf_counter() - start)
    except OSError as error:
        return Finding("fsync", "fail", f"{directory}: {error.strerror}", "let its owner write there")
    return judge_flushes(took)


def judge_flushes(took: list[float]) -> Finding:
    """`took` are seconds."""
    median, worst = statistics.median(took), max(took)
    found = f"median {median * 1000:.2f} ms, longest {worst * 1000:.1f} ms of {len(took)}"
    if median < _TOO_FAST:
        advice = (
            "flushes end in memory (a RAM disk, a cache that lies): what is acknowledged may not survive a power cut"
        )
        return Finding("fsync", "warn", found, advice)
    if median > _SLOW:
        return Finding("fsync", "warn", found, "each publish waits for one; a faster disk makes it faster")
    return Finding("fsync", "ok", found)


def room(directory: Path) -> Finding:
    """Free space, beside what the database has."""
    free = shutil.disk_usage(directory).free
    used = sum(path.stat().st_size for path in directory.glob("needlework.db*"))
    found = f"{free / 1024**3:.1f} GiB free, the database has {used / 1024**3:.2f} GiB"
    if free < _LEAST:
        return Finding("disk space", "fail", found, "free some: publishes get 507 when none is left")
    if free < max(_LITTLE, used):
        return Finding("disk space", "warn", found, "free some: a backup beside it may not find room")
    return Finding("disk space", "ok", found)


def clock(newest: int | None) -> list[Finding]:
    """`newest` is the wall time of the last message, microseconds: it can't lie ahead."""
    start = time.time(), time.monotonic()
    time.sleep(0.2)
    drift = (time.time() - start[0]) - (time.monotonic() - start[1])
    return [judge_clock(time.time(), newest, drift), synchronised()]


def judge_clock(now: float, newest: int | None, drift: float) -> Finding:
    """`now` in seconds, `drift` of wall against monotonic time in seconds while it was looked at."""
    ahead = (newest or 0) / 1e6 - now
    if ahead > 1:
        advice = "set the clock right: messages published before wait for it to catch up"
        return Finding("clock", "fail", f"the last message lies {ahead:.0f} s in the future", advice)
    if abs(drift) > _DRIFT:
        advice = "it is being set or slewed; delayed messages follow the wall clock"
        return Finding("clock", "warn", f"it moved by {drift * 1000:+.1f} ms while it was looked at", advice)
    return Finding("clock", "ok", "runs steadily, and nothing lies in the future")


def synchronised() -> Finding:
    """What the kernel says of time synchronisation, where it says anything."""
    buffer = ctypes.create_string_buffer(256)  # zeros: a question, no change
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (OSError, AttributeError):
        answer = -1
    if answer < 0:
        return Finding("time service", "ok", "this system does not tell")
    status = int.from_bytes(buffer.raw[_STATUS_AT : _STATUS_AT + 4], "little")
    if status & _UNSYNCHRONISED:
        advice = "run chrony or systemd-timesyncd: delays and schedules follow this clock"
        return Finding("time service", "warn", "the clock is not synchronised", advice)
    return Finding("time service", "ok", "the clock is synchronised")
