"""Fault F15: a backup takes little of the machine at a time, and holds back the log for as short as it can."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from needlework.bus.messages import Message
from needlework.bus.sqlite import backup, copies
from needlework.bus.sqlite.pacing import PIECE, RATE, Flush, Pace
from needlework.bus.subscriptions import subscribe
from needlework.tests.bus.kit import publish, registry, running_bus

pytestmark = pytest.mark.anyio


class Page(Message[None], topic="tests.page"):
    """A message of some kilobytes."""

    text: str


@subscribe(Page, runner="keeper")
async def keep(message: Page, ctx: object) -> None:
    """Does nothing."""


class Hours:
    """A clock that only rests and the test move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rested: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.rested.append(seconds)
        self.now += seconds

    def pace(self, told: Callable[[str, int, int], None] = lambda name, done, of: None) -> Pace:
        return Pace(told, clock=lambda: self.now, sleep=self.sleep)


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A directory with a database of about 1.5 MiB."""
    async with running_bus(registry(keep), tmp_path / "data") as bus:
        await asyncio.gather(*(publish(bus, Page(text=f"{n}" * 1_000)) for n in range(300)))
    return tmp_path / "data"


def grow(database: Path) -> None:
    """Another process commits half a mebibyte."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE IF NOT EXISTS grown (x BLOB)")
    connection.execute("INSERT INTO grown VALUES (randomblob(524288))")
    connection.close()


def test_f15_three_quarters_of_the_time_are_rest() -> None:
    """The copy took a core, and whatever the service wanted to run there waited for the end of its turn."""
    hours = Hours()
    pace = hours.pace()
    for worked in (0.001, 0.0, 0.02):
        hours.now += worked
        pace.step("check", 0, 0)
    assert hours.rested == pytest.approx([0.003, 0.0, 0.06])
    pace.rests = False
    hours.now += 5
    pace.step("check", 0, 0)
    assert len(hours.rested) == 3


def test_f15_the_disk_gets_a_file_in_pieces_with_rests_between_them(tmp_path: Path) -> None:
    """The service's own flushes waited for fsyncs of a quarter of a mebibyte, one after the other."""
    hours, told = Hours(), list[tuple[str, int, int]]()
    size = 10 * PIECE + 5
    with (tmp_path / "file").open("w+b") as file:
        file.write(bytes(size))
        flush = Flush(file.fileno(), hours.pace(lambda *step: told.append(step)))
        flush.until(3 * PIECE, size, RATE)
        assert told == [("flush", n * PIECE, size) for n in (1, 2, 3)]
        flush.until(size, size, RATE)
    assert told[-1] == ("flush", size, size)
    assert max(hours.rested) <= PIECE / RATE + 1e-9
    assert hours.now >= size / RATE


def test_a_disk_that_fails_under_a_piece_is_told() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        Flush(-1, Hours().pace()).until(PIECE, PIECE, RATE)


async def test_f15_the_log_is_free_while_the_disk_gets_the_copy(data: Path) -> None:
    """It was held back until the disk had all: 2.9 GiB within three minutes, on a busy disk."""
    states = dict[str, set[bool]]()

    def look(name: str, done: int, of: int) -> None:
        connection = sqlite3.connect(data / "needlework.db", isolation_level=None)
        connection.execute("CREATE TABLE IF NOT EXISTS grown (x BLOB)")
        connection.execute("INSERT INTO grown VALUES (1)")
        _, log, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        states.setdefault(name, set()).add(log == done)
        connection.close()

    hours = Hours()
    made = backup.back_up(data, data.parent / "copy", version="0", now=0, pace=hours.pace(look))
    assert states == {"copy": {False}, "flush": {True}, "check": {True}, "checksum": {True}}
    assert hours.now >= made.bytes / RATE


async def test_f15_a_log_that_grows_is_worse_than_a_service_that_waits(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rests end once the log has grown, and come again when the snapshot is given up."""
    monkeypatch.setattr(backup, "_LOG", 3 * 524288)
    hours, rests = Hours(), list[tuple[str, bool]]()

    def look(name: str, done: int, of: int) -> None:
        hours.now += 0.001
        rests.append((name, pace.rests))
        if name == "copy":
            grow(data / "needlework.db")

    pace = hours.pace(look)
    backup.back_up(data, data.parent / "copy", version="0", now=0, pace=pace)
    copying = [resting for name, resting in rests if name == "copy"]
    assert copying[:2] == [True, True]
    assert copying[-1] is False
    assert copying == sorted(copying, reverse=True)
    assert {resting for name, resting in rests if name != "copy"} == {True}


async def test_f15_what_the_disk_has_not_got_yet_is_bounded(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the kernel would write all of it at once when it sees fit."""
    monkeypatch.setattr(backup, "_AHEAD", 4 * PIECE)
    ahead, done = list[int](), dict[str, int]()

    def look(name: str, now: int, of: int) -> None:
        done[name] = now
        if name == "flush":
            ahead.append(done["copy"] * 4096 - now)

    backup.back_up(data, data.parent / "copy", version="0", now=0, pace=Hours().pace(look))
    assert len(ahead) > 10
    assert max(ahead) <= (4 + 4) * PIECE, "what is allowed, and a step of the copy"


async def test_a_stop_while_the_copy_is_read_through_is_a_stop(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in one of the rests there was told as a database that can't be copied."""
    monkeypatch.setattr(copies, "_STEP", 100)
    looks = 0

    def stop(name: str, done: int, of: int) -> None:
        nonlocal looks
        looks += name == "check"
        if looks == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.back_up(data, data.parent / "copy", version="0", now=0, pace=Hours().pace(stop))
    assert [path.name for path in data.parent.iterdir()] == ["data"]
