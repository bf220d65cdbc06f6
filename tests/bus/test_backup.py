"""Promise P13: a backup made while running holds everything acknowledged before, is whole or does not exist."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import ConfigError, Conflict, NotFound, StorageDamaged, StorageFull
from needlework.bus.messages import Message
from needlework.bus.owners import lock_server
from needlework.bus.permissions import ALL
from needlework.bus.sqlite.backup import back_up, restore, verify
from needlework.bus.sqlite.connections import frames_to_checkpoint
from needlework.bus.sqlite.copies import Backup
from needlework.bus.sqlite.mark import Mark, read_mark, write_mark
from needlework.bus.sqlite.pacing import Pace
from needlework.bus.subscriptions import subscribe
from needlework.tests.bus.kit import doomed_bus, drain, publish, registry, rows, running_bus, state

pytestmark = pytest.mark.anyio
NOW = 1_767_225_600_000_000


class Kept(Message[int], topic="tests.kept"):
    """A message of these tests."""

    n: int


@subscribe(Kept, runner="keeper")
async def keep(message: Kept, ctx: Context) -> int:
    """Does nothing, and says so."""
    return message.n


REGISTRY = registry(keep)


def silent(name: str, done: int, of: int) -> None:
    """Nobody looks."""


def copy(directory: Path, target: Path, progress: Any = silent) -> Backup:
    return back_up(directory, target, version="0", now=NOW, pace=Pace(progress, rests=False))


def locks_on(file: Path) -> list[str]:
    """The kernel's locks on a file."""
    inode = f":{file.stat().st_ino} "
    return [line for line in Path("/proc/locks").read_text().splitlines() if inode in line]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run_killed(directory: Path, target: Path, step: str) -> int:
    """A backup in a process of its own that is killed when it reaches `step`; its exit code."""
    code = f"""
import os
from pathlib import Path
from needlework.bus.sqlite.backup import back_up
from needlework.bus.sqlite.pacing import Pace
def progress(name, done, of):
    if name == {step!r}:
        os.kill(os.getpid(), 9)
back_up(Path({str(directory)!r}), Path({str(target)!r}), version="0", now=0, pace=Pace(progress))
"""
    return subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode


def messages_in(path: Path) -> set[int]:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    found = {row[0] for row in connection.execute("SELECT seq FROM messages")}
    connection.close()
    return found


async def test_a_backup_made_while_publishing_holds_everything_acknowledged_before_it_began(tmp_path: Path) -> None:
    target, acknowledged = tmp_path / "copy", set[int]()
    async with running_bus(REGISTRY, tmp_path / "data") as bus:

        async def produce() -> None:
            while True:
                acknowledged.add((await publish(bus, Kept(n=len(acknowledged)))).seq)

        for _ in range(200):
            acknowledged.add((await publish(bus, Kept(n=1))).seq)
        producing = asyncio.create_task(produce())
        await asyncio.sleep(0)
        before = set(acknowledged)
        made = await asyncio.to_thread(copy, tmp_path / "data", target)
        producing.cancel()
        await asyncio.wait({producing})
    assert before <= messages_in(target)
    assert made.message >= max(before)
    assert target.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["copy", "data"]
    assert verify(target, (), silent) == made


async def test_a_look_at_the_length_of_the_log_gives_up_no_lock(tmp_path: Path) -> None:
    """It closed a descriptor of the log's index, and with it SQLite's locks on it: the next process that opened the
    database, a backup, cut the index below the server, which died of SIGBUS."""
    async with running_bus(REGISTRY, tmp_path / "data") as bus:
        await publish(bus, Kept(n=1))
        index = tmp_path / "data" / "needlework.db-shm"
        frames_to_checkpoint(bus.store.path)
        assert locks_on(index), "SQLite holds a lock on its index for as long as a connection is open"


@pytest.mark.crashes
async def test_a_restored_bus_goes_on_where_the_backup_was_made(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path / "data") as bus:
        done = await publish(bus, Kept(n=1))
        await drain(bus)
    async with doomed_bus(REGISTRY, tmp_path / "data") as bus:
        await bus.pause("keeper", "test")
        waiting = await publish(bus, Kept(n=2))
        await asyncio.to_thread(copy, tmp_path / "data", tmp_path / "copy")
    made = restore(tmp_path / "copy", tmp_path / "new", (), silent)
    assert (tmp_path / "new" / "needlework.db").stat().st_mode & 0o777 == 0o600
    assert read_mark(tmp_path / "new" / "needlework.db.mark") == Mark(made.message, made.event)
    async with running_bus(REGISTRY, tmp_path / "new") as bus:
        assert await state(bus, done) == "done"
        await bus.resume("keeper", "test")
        later = await publish(bus, Kept(n=3))
        await drain(bus)
        assert await state(bus, waiting) == "done"
        assert later.seq > waiting.seq
        assert await rows(bus, "SELECT count(*) FROM messages") == [(3,)]


@pytest.mark.parametrize("step", ["copy", "flush", "check", "checksum"])
async def test_a_backup_that_was_killed_has_no_name_and_the_next_one_works(tmp_path: Path, step: str) -> None:
    async with running_bus(REGISTRY, tmp_path / "data") as bus:
        for _ in range(4):
            await asyncio.gather(*(publish(bus, Kept(n=n)) for n in range(500)))
        await drain(bus)
    assert run_killed(tmp_path / "data", tmp_path / "copy", step) == -signal.SIGKILL
    assert not (tmp_path / "copy").exists()
    copy(tmp_path / "data", tmp_path / "copy")
    assert len(messages_in(tmp_path / "copy")) == 2_000
    assert names(tmp_path) == ["copy", "data"]


async def made_backup(tmp_path: Path) -> Path:
    async with running_bus(REGISTRY, tmp_path / "data") as bus:
        await publish(bus, Kept(n=1))
    copy(tmp_path / "data", tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 0.99, "last page", "text"])
async def test_a_flipped_bit_anywhere_in_a_backup_is_found(tmp_path: Path, place: Any) -> None:
    target = await made_backup(tmp_path)
    content = bytearray(target.read_bytes())
    if place == "text":  # which is no UTF-8 then
        content[content.rindex(b'"version":"') + 11] ^= 128
    else:
        content[len(content) - 4096 + 40 if place == "last page" else int(place * (len(content) - 4096))] ^= 1
    target.write_bytes(content)
    with pytest.raises(StorageDamaged):
        restore(target, tmp_path / "new", (), silent)
    assert not (tmp_path / "new" / "needlework.db").exists()


async def test_a_copied_database_and_a_cut_off_backup_are_refused_as_backups(tmp_path: Path) -> None:
    target = await made_backup(tmp_path)
    with pytest.raises(StorageDamaged, match=r"a copied \.db is none"):
        verify(tmp_path / "data" / "needlework.db", (), silent)
    target.write_bytes(target.read_bytes()[:-4096])
    with pytest.raises(StorageDamaged, match="not a whole backup"):
        verify(target, (), silent)
    with pytest.raises(NotFound):
        verify(tmp_path / "nowhere", (), silent)


async def test_a_directory_that_lives_or_holds_data_is_never_restored_into(tmp_path: Path) -> None:
    target = await made_backup(tmp_path)
    before = (tmp_path / "data" / "needlework.db").read_bytes()
    with pytest.raises(Conflict, match=r"holds needlework\.db"):
        restore(target, tmp_path / "data", (), silent)
    assert (tmp_path / "data" / "needlework.db").read_bytes() == before
    (tmp_path / "new").mkdir()
    lock = lock_server(tmp_path / "new")
    with pytest.raises(ConfigError, match=r"another needlework \(pid \d+\)"):
        restore(target, tmp_path / "new", (), silent)
    lock.release()
    (tmp_path / "new" / "needlework.toml").write_text("port = 1\n")
    restore(target, tmp_path / "new", (), silent)


async def test_a_database_that_lacks_what_was_acknowledged_is_not_backed_up(tmp_path: Path) -> None:
    target = await made_backup(tmp_path)
    target.unlink()
    write_mark(tmp_path / "data" / "needlework.db.mark", Mark(1_000, 1_000))
    with pytest.raises(StorageDamaged, match="lacks messages that were acknowledged"):
        copy(tmp_path / "data", target)


async def test_a_message_that_is_not_what_was_published_makes_no_backup(tmp_path: Path) -> None:
    target = await made_backup(tmp_path)
    target.unlink()
    connection = sqlite3.connect(tmp_path / "data" / "needlework.db")
    connection.execute("UPDATE messages SET body = x'7b7d'")
    connection.commit()
    connection.close()
    with pytest.raises(StorageDamaged, match="the checksum of message 1 differs"):
        copy(tmp_path / "data", target)
    assert names(tmp_path) == ["data"]


async def test_a_backup_never_replaces_a_file_and_needs_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = await made_backup(tmp_path)
    with pytest.raises(Conflict, match="exists already"):
        copy(tmp_path / "data", target)
    with pytest.raises(NotFound, match="no database"):
        copy(tmp_path / "nowhere", tmp_path / "second")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 4096})())
    with pytest.raises(StorageFull, match="no space is left"):
        copy(tmp_path / "data", tmp_path / "second")


async def test_a_backup_of_newer_code_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    target = await made_backup(tmp_path)
    (tmp_path / "older").mkdir()
    with pytest.raises(ConfigError, match="newer code"):
        restore(target, tmp_path / "new", [("bus", tmp_path / "older")], silent)
    assert not (tmp_path / "new").exists()


async def test_a_backup_holds_no_token(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path / "data") as bus:
        text, _ = await bus.tokens.create("laptop", ALL, None, None, "test")
    copy(tmp_path / "data", tmp_path / "copy")
    content = (tmp_path / "copy").read_bytes()
    assert text[-43:].encode() not in content
    assert text.split("_")[1].encode() in content
