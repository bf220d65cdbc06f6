"""The file: what is refused, what is proven at start, and that hot queries never walk a table."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import ConfigError, IdempotencyConflict, LeaseLost, StorageDamaged
from needlework.bus.messages import Message
from needlework.bus.owners import ProcessLock, is_alive, lock_epoch, lock_server
from needlework.bus.records import Publication
from needlework.bus.sqlite import claiming, inserting, keys, migrating, transaction
from needlework.bus.sqlite import store as engine
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio


class Fact(Message[None], topic="t.fact"):
    """Something to keep."""

    number: int = 0


@subscribe(Fact, runner="r")
async def keep(message: Fact, ctx: Context) -> None:
    """Nothing."""


REGISTRY = kit.registry(keep)


async def make(directory: Path) -> None:
    """A file with a message in it."""
    async with running_bus(REGISTRY, directory) as bus:
        await kit.publish(bus, Fact())
        await drain(bus)


async def refused(directory: Path, kind: type[Exception], match: str) -> None:
    """The file is refused, and not changed."""
    path = directory / "needlework.db"
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(kind, match=match):
        await (await Bus.open(directory, REGISTRY)).stop()
    assert (path.read_bytes() if path.is_file() else b"") == before


async def test_p01_a_deleted_write_ahead_log_is_noticed(tmp_path: Path) -> None:
    """The mark says what was acknowledged; a file behind it is refused, not silently used."""
    await make(tmp_path / "first")
    copy = tmp_path / "copy"
    async with running_bus(REGISTRY, tmp_path / "first") as bus:
        for number in range(20):
            await kit.publish(bus, Fact(number))
        await drain(bus)
        await bus.store.write_mark()
        copy.mkdir()
        for name in ("needlework.db", "needlework.db.mark"):  # and not the -wal
            shutil.copy(tmp_path / "first" / name, copy / name)
    await refused(copy, StorageDamaged, "write-ahead log")
    (copy / "needlework.db.mark").unlink()
    shutil.rmtree(copy)


async def test_the_mark_is_never_ahead_of_the_file(tmp_path: Path) -> None:
    """Story: a list of messages that was rolled back moved the mark, and the next start was refused."""
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, Fact(1), idempotency_key="k")
        clash = [
            Publication(message=Fact(2), workspace=kit.DEFAULT),
            Publication(message=Fact(3), workspace=kit.DEFAULT, idempotency_key="k"),
        ]
        with pytest.raises(IdempotencyConflict):
            await bus.publish_all(clash)
        await drain(bus)
    async with running_bus(REGISTRY, tmp_path) as bus:
        assert await kit.value(bus, "SELECT count(*) FROM messages") == 1


async def test_a_file_of_newer_code_is_refused(tmp_path: Path) -> None:
    await make(tmp_path)
    with sqlite3.connect(tmp_path / "needlework.db") as connection:
        connection.execute("INSERT INTO migrations VALUES ('bus', 999, '0999_later.sql', 'x', 0)")
    connection.close()
    await refused(tmp_path, ConfigError, "newer code")


async def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "needlework.db") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(ConfigError, match="another program"):
        await (await Bus.open(tmp_path, REGISTRY)).stop()
    (tmp_path / "needlework.db").unlink()


async def test_a_changed_migration_is_refused(tmp_path: Path) -> None:
    await make(tmp_path)
    with sqlite3.connect(tmp_path / "needlework.db") as connection:
        connection.execute("UPDATE migrations SET checksum = 'other' WHERE number = 1")
    connection.close()
    await refused(tmp_path, ConfigError, "differs from what this database was made with")


@pytest.mark.parametrize("what", ["directory", "link", "text"])
async def test_what_is_no_database_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "data" / "needlework.db"
    path.parent.mkdir()
    if what == "directory":
        path.mkdir()
    elif what == "link":
        path.symlink_to(tmp_path / "elsewhere.db")
    else:
        path.write_bytes(b"this is a shopping list, not a database, and it is long enough to look like one" * 20)
    with pytest.raises((ConfigError, StorageDamaged)):
        await (await Bus.open(path.parent, REGISTRY)).stop()
    shutil.rmtree(path.parent)


def test_fresh_equals_migrated_step_by_step(tmp_path: Path) -> None:
    """Applying the migrations one start at a time gives the schema that a new file has."""
    folder = Path(engine.__file__).parent / "migrations"
    grown = tmp_path / "grown"
    grown.mkdir()
    fresh, stepwise = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    for connection in (fresh, stepwise):
        connection.row_factory = sqlite3.Row
        connection.isolation_level = None
    migrating.migrate(fresh, [("bus", folder)], 1)
    for path in sorted(folder.glob("*.sql")):
        shutil.copy(path, grown / path.name)
        assert migrating.migrate(stepwise, [("bus", grown)], 1) == 1
    assert migrating.migrate(stepwise, [("bus", grown)], 1) == 0
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"
    assert [tuple(row) for row in fresh.execute(schema)] == [tuple(row) for row in stepwise.execute(schema)]
    fresh.close()
    stepwise.close()


async def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        async with running_bus(REGISTRY, tmp_path / "data") as bus:
            await kit.publish(bus, Fact())
            await bus.store.write_mark()
            files = [path for path in sorted((tmp_path / "data").rglob("*")) if path.is_file()]
            assert {path.name: oct(path.stat().st_mode & 0o777) for path in files if path.stat().st_mode & 0o077} == {}
    finally:
        os.umask(before)


async def test_p14_a_second_owner_of_a_living_epoch_is_refused(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        second = await Bus.open(tmp_path, REGISTRY)
        try:
            with pytest.raises(LeaseLost, match="living process"):
                await second.start()
        finally:
            second.running = False
            await second.stop()
        await kit.publish(bus, Fact())
        await drain(bus)


def test_p14_a_second_server_on_a_directory_is_refused_and_names_the_first(tmp_path: Path) -> None:
    lock = lock_server(tmp_path)
    with pytest.raises(ConfigError, match=rf"pid {os.getpid()}"):
        lock_server(tmp_path)
    lock.release()
    lock_server(tmp_path).release()


def test_f11_a_lock_file_that_is_deleted_by_hand_lets_no_second_server_in(tmp_path: Path) -> None:
    """A file of the same name was made and locked, and two served one directory."""
    lock = lock_server(tmp_path)
    lock.path.unlink()
    with pytest.raises(ConfigError, match=rf"pid {os.getpid()}"):
        lock_server(tmp_path)
    assert not lock.path.exists(), "what is refused leaves nothing behind"
    lock.release()
    lock_server(tmp_path).release()


def test_a_lock_falls_with_its_process(tmp_path: Path) -> None:
    """Only the death of the process frees it: not time, and not a stop of the process."""
    code = (
        "import sys, pathlib; from needlework.bus.owners import lock_epoch;"
        "lock = lock_epoch(pathlib.Path(sys.argv[1]), 'e'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert is_alive(tmp_path, "e")
        with pytest.raises(ConfigError):
            lock_epoch(tmp_path, "e")
        other.kill()
        other.wait()
        assert not is_alive(tmp_path, "e")
    assert isinstance(lock_epoch(tmp_path, "f"), ProcessLock)


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[sqlite3.Connection]:
    """A connection to a file with our tables."""
    await make(tmp_path)
    found = sqlite3.connect(tmp_path / "needlework.db")
    yield found
    found.close()


HOT: dict[str, str] = {
    "take a page": claiming.PAGE,
    "the next due time": claiming.NEXT_DUE,
    "the next lane": claiming.NEXT_LANE,
    "remove a delivery": transaction._GONE,
    "the head of a key": keys._HEAD,
    "the head of a key, and its last": keys._HEAD_AND_LAST,
    "what follows keys' heads": f"{keys._FOLLOWING} IN (?, ?)",
    "heads that are held": f"{keys._HELD} IN (?, ?)",
    "the next of a key": keys._NEXT,
    "an idempotency key": inserting._KNOWN,
    "a waiting twin": inserting._WAITING,
    "the fence": "SELECT count(*) FROM owners WHERE epoch = ?",
    "what a rescue reads": "SELECT entries FROM windows WHERE runner = ?",
    "parked by reason": "SELECT message FROM parked WHERE reason = ? AND reason <> 'key' AND workspace = ?",
    "the next reason": "SELECT min(reason) FROM parked WHERE reason <> 'key' AND reason > ?",
}
SMALL = {"the fence"}
"""One row a runner: a scan is the plan."""


@pytest.mark.parametrize("name", HOT)
def test_hot_queries_seek_and_never_scan_or_sort(connection: sqlite3.Connection, name: str) -> None:
    sql: str = HOT[name]
    values: list[Any] = [1] * sql.count("?")
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert name in SMALL or not [line for line in plan if line.startswith("SCAN") or "TEMP B-TREE" in line], plan
