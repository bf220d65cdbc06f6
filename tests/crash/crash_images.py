"""What a disk may hold after the power went: images made from a recorded trace of writes, and what each must show.

`disk.c` records every change of the data directory in order: writes with their bytes, syncs and whether they failed,
truncations, names made, moved and taken away, and the lines of `acks.log`, which say what was acknowledged. What was
not synced at an instant may be lost in many ways; what was, may not. After a sync that failed, what it should have
written is gone for good (Linux takes the pages for clean), unless it is written again.
"""

import random
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from needlework.bus.errors import StorageDamaged
from needlework.bus.sqlite.mark import check_mark, reached, read_mark

WAYS = ("lost", "subset", "torn", "reordered", "size")
"""How what is not synced goes: all of it; each write by itself; each sector by itself; the first writes, not the
last; all data, but the files have their last size."""
SECTOR = 512
_HEAD = struct.Struct("<4q")


class Step(NamedTuple):
    """One change."""

    what: str
    inode: int
    offset: int
    data: bytes


def read_trace(path: Path) -> Iterator[Step]:
    """The changes in their order."""
    content = memoryview(path.read_bytes())
    at = 0
    while at + _HEAD.size <= len(content):
        what, inode, offset, length = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        yield Step(chr(what), inode, offset, bytes(content[at : at + length]))
        at += length


Change = tuple[int, bytes | None]
"""(offset, bytes written), or (new size, None)."""


def apply(content: bytearray, change: Change) -> None:
    """Carry out a change."""
    at, data = change
    if data is None:
        del content[at:]
        content.extend(bytes(at - len(content)))
        return
    if at > len(content):
        content.extend(bytes(at - len(content)))
    content[at : at + len(data)] = data


class File:
    """A file: what is on the disk for certain, and what is under way."""

    def __init__(self) -> None:
        self.durable = bytearray()
        self.pending: list[Change] = []

    def sync(self, failed: bool) -> None:
        """What was under way is on the disk, or lost."""
        for change in [] if failed else self.pending:
            apply(self.durable, change)
        self.pending = []

    def image(self, way: str, chance: random.Random) -> bytes:
        """The file after the power went."""
        content = bytearray(self.durable)
        changes = self.pending
        if way == "reordered":
            changes = changes[chance.randrange(len(changes) + 1) :]
            if chance.random() < 0.5:
                changes = chance.sample(changes, len(changes))
        for change in changes:
            if way == "reordered" or (way == "subset" and chance.random() < 0.5):
                apply(content, change)
            elif way == "torn":
                for part in _sectors(change):
                    if chance.random() < 0.6:
                        apply(content, part)
            elif way == "size":
                at, data = change
                end = at if data is None else max(len(content), at + len(data))
                apply(content, (end, None))
        return bytes(content)


def _sectors(change: Change) -> Iterator[Change]:
    at, data = change
    if data is None:
        yield change
        return
    start = 0
    while start < len(data):
        end = min(len(data), start + SECTOR - (at + start) % SECTOR)
        yield at + start, data[start:end]
        start = end


class Machine:
    """A data directory that lives through a trace."""

    def __init__(self) -> None:
        self._files: dict[int, File] = {}
        self._folders: set[int] = set()
        self._durable: dict[str, File] = {}
        self._pending: list[tuple[str, str, File | None]] = []
        """Changes of names that the directory was not synced after: (name, name it leaves, file)."""
        self.acks = b""

    def step(self, step: Step) -> None:
        """One change more."""
        name = Path(step.data.decode(errors="replace")).name if step.what in "COU" else ""
        match step.what:
            case "C":
                self._files[step.inode] = file = File()
                self._pending.append((name, "", file))
            case "O" if step.inode not in self._files:
                self._folders.add(step.inode)
            case "O" if step.offset:  # opened and emptied
                self._files[step.inode].pending.append((0, None))
            case "W":
                self._files[step.inode].pending.append((step.offset, step.data))
            case "T":
                self._files[step.inode].pending.append((step.offset, None))
            case "S" if step.inode in self._folders:
                if step.offset == 0:
                    self._durable, self._pending = self._names(len(self._pending)), []
            case "S":
                self._files[step.inode].sync(failed=step.offset != 0)
            case "U":
                self._pending.append(("", name, None))
            case "R":
                source, target = (Path(part.decode()).name for part in step.data.split(b"\0"))
                self._pending.append((target, source, None))
            case "N":
                self.acks += step.data

    def _names(self, count: int) -> dict[str, File]:
        names = dict(self._durable)
        for name, leaves, file in self._pending[:count]:
            moved = names.pop(leaves, None) if leaves else file
            if name and moved is not None:
                names[name] = moved
        return names

    def image(self, folder: Path, way: str, chance: random.Random) -> None:
        """Write into `folder` what the disk may hold. A file's name is lost with its directory's changes."""
        count = 0 if way == "lost" else chance.randrange(len(self._pending) + 1)
        for name, file in self._names(count).items():
            if name != "acks.log":
                (folder / name).write_bytes(file.image(way, chance))
        (folder / "acks.log").write_bytes(self.acks)


def check_image(folder: Path) -> list[str]:
    """Every broken promise that an image shows without being opened by the bus; [] is good."""
    acks = [line.split() for line in (folder / "acks.log").read_text().splitlines()]
    path = folder / "needlework.db"
    if not path.exists():
        return [f"LOST: the file, with {len(acks)} acknowledged"] if acks else []
    connection = sqlite3.connect(path)
    try:
        return _check(connection, path, acks)
    except sqlite3.DatabaseError as error:
        return [f"CORRUPT: {error}"]
    finally:
        connection.close()


def _check(connection: sqlite3.Connection, path: Path, acks: list[list[str]]) -> list[str]:
    found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    problems = [] if found == ["ok"] else [f"CORRUPT: {found[:3]}"]
    problems += [f"CORRUPT: foreign keys {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'messages'").fetchone():
        return [*problems, *([f"LOST: all tables, with {len(acks)} acknowledged"] if acks else [])]
    stored: dict[int, tuple[str, str, str]] = {}
    rows = connection.execute("SELECT m.seq, n.name, m.body FROM messages m JOIN names n ON n.id = m.topic")
    for seq, topic, body in rows:
        fields = msgspec.json.decode(body)
        stored[seq] = (topic.removeprefix("crash."), fields["origin"], str(fields["number"]))
    for seq, *what in acks:
        if stored.get(int(seq)) != tuple(what):
            problems.append(f"LOST: {seq} {what}, stored is {stored.get(int(seq))}")
    try:
        mark = path.with_name(path.name + ".mark")
        check_mark(mark, read_mark(mark), reached(connection))
    except StorageDamaged as error:
        problems.append(f"AHEAD: {error}")
    return problems
