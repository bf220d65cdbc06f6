"""The sidecar mark: the highest acknowledged numbers, written lazily beside the database.

It is never ahead of the file, since it is written after COMMIT. A start that finds the database behind its mark
(a deleted `-wal`, a flipped bit in it) refuses instead of silently going on without acknowledged messages.
"""

import os
import zlib
from pathlib import Path

import msgspec
from needlework.bus.errors import StorageDamaged


class Mark(msgspec.Struct, frozen=True):
    """The highest message and event numbers known to be committed."""

    message: int
    event: int


def read_mark(path: Path) -> Mark | None:
    """The mark, or None where there is none or it was cut off while being written."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    body, _, check = text.strip().rpartition(b" ")
    if not body or not check.isdigit() or int(check) != zlib.crc32(body):
        return None
    return msgspec.json.decode(body, type=Mark)


def write_mark(path: Path, mark: Mark) -> None:
    """Replace the mark; a torn write is recognised by its checksum."""
    body = msgspec.json.encode(mark)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(descriptor, (body + b" %d\n" % zlib.crc32(body)).ljust(96), 0)
    finally:
        os.close(descriptor)


def check_mark(path: Path, message: int, event: int) -> None:
    """Raises StorageDamaged where the database lacks what was acknowledged."""
    mark = read_mark(path)
    if mark is not None and (mark.message > message or mark.event > event):
        raise StorageDamaged(
            f"the database ends at message {message}, event {event}, but message {mark.message}, event {mark.event}"
            " were acknowledged: its write-ahead log (-wal) was deleted or damaged. Restore the files from a backup;"
            f" to go on without what is missing, delete {path.name} yourself."
        )
