"""Suspects: they run alone, hold others back only for moments, and are not buried for deaths that are not theirs."""

import asyncio
import threading
from pathlib import Path

import pytest
from needlework.bus import quarantine
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

SEEN: list[tuple[str, int]] = []
"""(name, attempt) of each start."""
GATES: dict[str, asyncio.Event] = {}
THREADS: dict[str, threading.Event] = {}


class Piece(Message[None], topic="z.piece"):
    """Waits at the gate of its name, where there is one."""

    name: str


class Beside(Message[None], topic="z.beside"):
    """Another runner's."""

    name: str


class Threaded(Message[None], topic="z.threaded"):
    """In a thread."""

    name: str


@subscribe(Piece, runner="piece")
@subscribe(Beside, runner="beside")
async def piece(message: Piece | Beside, ctx: Context) -> None:
    """Note the start."""
    SEEN.append((message.name, ctx.attempt))
    if message.name in GATES:
        await GATES[message.name].wait()


@subscribe(Threaded, runner="threaded")
def threaded(message: Threaded, ctx: Context) -> None:
    """Note the start, in a thread."""
    SEEN.append((message.name, ctx.attempt))
    THREADS[message.name].wait(10)


REGISTRY = kit.registry(
    piece, threaded, z__piece={"timeout": "1h"}, z__beside={"timeout": "1h"}, z__threaded={"timeout": "1h"}
)


@pytest.fixture(autouse=True)
def clean() -> None:
    SEEN.clear()
    GATES.clear()
    THREADS.clear()


async def store_suspect(folder: Path, clock: ManualClock, *, deaths: int = 0) -> None:
    """A message of which two crashes made a suspect."""
    async with running_bus(REGISTRY, folder, clock=clock, runners=[]) as bus:
        await kit.publish(bus, Piece("suspect"))
        await bus.store.write(
            [Statement("INSERT INTO positions (message, runner, priority, due, suspicion, deaths)"
                       " SELECT message, runner, priority, due, 2, ? FROM deliveries", (deaths,))]
        )  # fmt: skip


async def settle(bus: Bus) -> None:
    """Let everybody do what can be done without time."""
    for _ in range(5):
        await bus.store.settled()
        for _ in range(20):
            await asyncio.sleep(0)


async def until_started(name: str) -> None:
    await kit.until(lambda: any(seen == name for seen, _ in SEEN))


async def test_a_suspect_beside_a_long_handler_holds_others_back_for_moments_only(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Story: everybody waited five of each six seconds for a handler that took minutes."""
    await store_suspect(tmp_path, clock)
    GATES["long"] = asyncio.Event()
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await kit.publish(bus, Beside("long"))
        await until_started("long")
        held = 0
        for _ in range(1200):
            clock.advance(0.05)
            await settle(bus)
            held += bus.dispatcher.quarantine.alone is not None
        assert 0 < held < 0.15 * 1200, "a tenth, and the last time begun"
        assert ("suspect", 1) not in SEEN
        GATES["long"].set()
        await drain_others(bus)
        assert ("suspect", 1) in SEEN, "it is quiet, so its turn comes at once"


async def drain_others(bus: Bus) -> None:
    """Until nothing runs and nothing waits; no time passes."""
    await settle(bus)
    await drain(bus)


async def test_p07_the_second_death_is_risked_only_in_a_process_that_lived_for_a_while(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Story: kills from outside, faster than anything could end, buried what happened to run alone then."""
    assert quarantine.CALM == 10, "as docs/promises.md says"
    await store_suspect(tmp_path, clock, deaths=1)
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        for _ in range(int(quarantine.CALM) - 1):
            clock.advance(1)
            await settle(bus)
        assert SEEN == []
        assert bus.dispatcher.quarantine.alone is None
        clock.advance(1)
        await settle(bus)
        clock.advance(1)
        await drain_others(bus)
        assert SEEN == [("suspect", 1)]


@pytest.mark.crashes
async def test_p07_p12_a_service_that_is_killed_while_it_stops_blames_no_suspect(
    tmp_path: Path, clock: ManualClock
) -> None:
    """A supervisor that grants less than the grace kills it: the handler was only slow."""
    await store_suspect(tmp_path, clock, deaths=1)
    GATES["suspect"] = asyncio.Event()
    bus = await Bus.open(tmp_path, REGISTRY, clock=clock)
    await bus.start()
    await settle(bus)
    clock.advance(quarantine.CALM)
    await settle(bus)
    clock.advance(1)
    await until_started("suspect")
    marks = "SELECT mark FROM positions"
    assert await kit.value(bus, marks) == 2
    stopping = asyncio.create_task(bus.dispatcher.stop(30))
    await kit.until_found(bus, "SELECT mark = 0 FROM positions")
    GATES["suspect"].set()
    bus.store.finish = lambda finish: None  # type: ignore[method-assign] - killed: its end is never written
    await stopping
    bus.dispatcher.stopping = False
    await kit.kill(bus)
    GATES.clear()
    async with running_bus(REGISTRY, tmp_path, clock=clock, runners=["piece"]) as bus:
        assert await kit.rows(bus, "SELECT deaths, suspicion FROM positions") == [(1, 2)]
        assert await kit.rows(bus, "SELECT * FROM dead") == []


async def test_p02_p12_a_thread_that_the_service_ends_around_is_another_attempt_next_time(tmp_path: Path) -> None:
    """Story: the next process handed it over with the attempt that had been handed over before."""
    THREADS["slow"] = threading.Event()
    bus = await Bus.open(tmp_path, REGISTRY)
    await bus.start()
    await kit.publish(bus, Threaded("slow"))
    await until_started("slow")
    await bus.dispatcher.stop(0.0)
    await bus.store.settled()
    assert await kit.rows(bus, "SELECT attempt FROM deliveries") == [(1,)]
    THREADS["slow"].set()
    await kit.until(lambda: not bus.dispatcher.workers())
    await bus.stop(0)
    async with running_bus(REGISTRY, tmp_path) as bus:
        await drain(bus)
        assert SEEN == [("slow", 1), ("slow", 2)]
        assert await kit.rows(bus, "SELECT attempt, kind FROM attempts") == [(1, "retried")]
