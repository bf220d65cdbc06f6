"""A disk that refuses: each caller hears its own outcome, nothing is half done, it heals without a restart."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import StorageBusy, StorageDamaged, StorageError, StorageFull
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

DONE: list[int] = []
GATES: dict[str, asyncio.Event] = {}


class Item(Message[None], topic="t.item"):
    """Leaves a row behind."""

    number: int
    waits: bool = False


@subscribe(Item, runner="r")
async def item(message: Item, ctx: Context) -> None:
    """An effect that must be there once."""
    if message.waits:
        DONE.append(-message.number)
        await GATES["it"].wait()
    ctx.write(Statement("INSERT INTO installation (key, value) VALUES (?, '1')", (f"item{message.number}",)))
    DONE.append(message.number)


REGISTRY = kit.registry(item)


def failure(name: str) -> sqlite3.OperationalError:
    """A database error as SQLite raises it."""
    error = sqlite3.OperationalError("database or disk is full" if name == "SQLITE_FULL" else name)
    error.sqlite_errorname = name
    return error


class Refusing:
    """A connection whose statements starting with `words` fail while `error` is set."""

    def __init__(self, connection: sqlite3.Connection, fault: "Fault") -> None:
        self._connection, self._fault = connection, fault

    def execute(self, sql: str, *values: Any) -> Any:
        self._fault.strike(sql)
        return self._connection.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Fault:
    """Between the writer and its connection."""

    def __init__(self, bus: Bus) -> None:
        self.error: Exception | None = None
        self.words = "COMMIT"
        self.struck = 0
        writer = bus.store.writer
        transact = writer._transact
        writer._transact = lambda connection, units: transact(  # type: ignore[method-assign]
            Refusing(connection, self),  # type: ignore[arg-type]
            units,
        )

    def strike(self, sql: str) -> None:
        """Fail where it is time to."""
        if self.error is not None and sql.startswith(self.words):
            self.struck += 1
            raise self.error


@pytest.fixture
async def bus(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Bus]:
    """A bus with time that stands still."""
    DONE.clear()
    GATES.clear()
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        yield bus


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("SQLITE_FULL", StorageFull, 507),
        ("SQLITE_BUSY", StorageBusy, 503),
        ("SQLITE_LOCKED", StorageBusy, 503),
        ("SQLITE_IOERR_FSYNC", StorageError, 503),
        ("SQLITE_READONLY", StorageError, 503),
        ("SQLITE_CANTOPEN", StorageError, 503),
    ],
)
@pytest.mark.parametrize("words", ["BEGIN", "INSERT INTO messages", "COMMIT"])
async def test_p11_a_refusing_disk_is_named_and_leaves_nothing_half_done(
    bus: Bus, name: str, kind: type[StorageError], status: int, words: str
) -> None:
    fault = Fault(bus)
    fault.error, fault.words = failure(name), words
    with pytest.raises(kind) as caught:
        await kit.publish(bus, Item(1))
    assert type(caught.value) is kind
    assert (caught.value.status, bool(caught.value.retry_after)) == (status, True)
    assert await kit.value(bus, "SELECT count(*) FROM messages") == 0
    fault.error = None
    await kit.publish(bus, Item(2))
    await drain(bus)
    assert DONE == [2]


async def test_p11_a_finished_handler_is_committed_once_the_disk_takes_it(bus: Bus, clock: ManualClock) -> None:
    fault = Fault(bus)
    GATES["it"] = asyncio.Event()
    receipt = await kit.publish(bus, Item(1, waits=True))
    await kit.until(lambda: DONE)
    fault.error = failure("SQLITE_FULL")
    GATES["it"].set()
    await kit.until(lambda: fault.struck)
    for _ in range(3):
        clock.advance(1)
        await bus.store.writer.settled()
        await asyncio.sleep(0)
    assert await kit.state(bus, receipt) == "running"
    fault.error = None
    clock.advance(1)
    await drain(bus)
    assert await kit.state(bus, receipt) == "done"
    assert DONE == [-1, 1]
    assert await kit.value(bus, "SELECT count(*) FROM installation WHERE key = 'item1'") == 1


async def test_p11_taking_work_goes_on_once_the_disk_takes_it(bus: Bus, clock: ManualClock) -> None:
    """A page that can't be entered into the window must not end the service."""
    for number in range(3):
        await kit.publish(bus, Item(number), due=clock.now() + 1_000_000)
    fault = Fault(bus)
    fault.error, fault.words = failure("SQLITE_FULL"), "INSERT INTO windows"
    clock.advance(2)
    await kit.until(lambda: fault.struck)
    for _ in range(5):
        clock.advance(1)
        await bus.store.writer.settled()
        await asyncio.sleep(0)
    assert DONE == []
    fault.error = None
    clock.advance(1)
    await drain(bus)
    assert sorted(DONE) == [0, 1, 2]


async def test_each_of_a_group_hears_its_own_outcome(bus: Bus) -> None:
    """The group fails; its units are run again one by one."""
    fault = Fault(bus)
    tries = 0

    def strike(sql: str) -> None:
        nonlocal tries
        tries += sql == "COMMIT"
        if sql == "COMMIT" and tries in (1, 3):
            raise failure("SQLITE_IOERR_WRITE")

    fault.strike = strike  # type: ignore[method-assign]
    answers = await asyncio.gather(*(kit.publish(bus, Item(n)) for n in range(4)), return_exceptions=True)
    failed = [answer for answer in answers if isinstance(answer, Exception)]
    assert len(failed) == 1
    await drain(bus)
    stored = await kit.rows(bus, "SELECT json_extract(CAST(body AS TEXT), '$.number') FROM messages ORDER BY 1")
    assert [row[0] for row in stored] == [n for n, answer in enumerate(answers) if not isinstance(answer, Exception)]


async def test_p11_detected_corruption_tells_the_process_to_end(bus: Bus) -> None:
    told: list[str] = []
    bus.failed = lambda name, error: told.append(f"{name}: {type(error).__name__}")
    fault = Fault(bus)
    fault.error = failure("SQLITE_CORRUPT_INDEX")
    with pytest.raises(StorageDamaged):
        await kit.publish(bus, Item(1))
    assert told == ["storage: StorageDamaged"]
    fault.error = None


async def test_p11_a_list_of_messages_is_stored_whole_or_not_at_all(bus: Bus) -> None:
    fault = Fault(bus)
    fault.error, fault.words = failure("SQLITE_FULL"), "COMMIT"
    with pytest.raises(StorageFull):
        await bus.publish_all([Publication(message=Item(n), workspace=kit.DEFAULT) for n in range(5)])
    fault.error = None
    assert await kit.value(bus, "SELECT count(*) FROM messages") == 0


async def test_p01_a_cancelled_publish_is_stored_whole_or_not_at_all_and_wedges_nothing(bus: Bus) -> None:
    """F17 in short: callers go away at every step of the way."""
    for round_ in range(40):
        tasks = [asyncio.create_task(kit.publish(bus, Item(round_ * 10 + n))) for n in range(5)]
        for _ in range(round_ % 7):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await kit.publish(bus, Item(9999))
    await drain(bus)
    assert 9999 in DONE
    assert await kit.value(bus, "SELECT count(*) FROM messages") == len(DONE) == len(set(DONE))
