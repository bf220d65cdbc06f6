"""F29: what thousands of open streams that nothing is said on cost everybody else, and what they hear all the same."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from needlework.bus.permissions import ALL
from needlework.bus.principals import Principal
from needlework.bus.records import EventRecord
from needlework.bus.testing.loop import SimulationLoop
from needlework.bus.workspaces import Workspace
from needlework.http.app import Application
from needlework.http.event_stream import HEARTBEAT, EventStream
from needlework.http.problems import Disconnected
from needlework.http.protocol import BoundedProtocol
from needlework.http.routes import Caller
from needlework.http.server import Server
from needlework.http.settings import HttpSettings
from needlework.http.streams import Streams
from needlework.http.testing import MakeApp, serving

EVENTS = b"GET /api/internal/pubsub/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
CALLER = Caller(Principal("local", ALL), Workspace(1, "default"), "req_1")


@contextlib.asynccontextmanager
async def connected(address: tuple[str, int], request: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """A connection whose request has been answered, or begun to be."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(request)
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        yield reader
    finally:
        writer.close()


async def looked_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[BoundedProtocol]:
    """The connections that one tick of the server looks at."""
    found: list[BoundedProtocol] = []
    with monkeypatch.context() as patch:
        patch.setattr(BoundedProtocol, "give_last_chance", lambda connection: found.append(connection))
        await server.on_tick(0)
    return found


@pytest.mark.anyio
async def test_f29_the_tick_looks_at_no_open_stream(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times a second it looked at each: with 10,000 that was most of the p99 of publishing beside them."""
    async with serving(app) as (server, address), contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(connected(address, EVENTS))
        await stack.enter_async_context(connected(address, HEALTH))
        assert (len(app.streams), len(server.server_state.connections)) == (3, 4)
        assert len(await looked_at(server, monkeypatch)) == 1


@pytest.mark.anyio
async def test_s11_what_closes_behind_an_open_stream_is_looked_at(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of its last frames may never be taken, and closing would wait for it for ever."""
    async with serving(app) as (server, address), connected(address, EVENTS):
        (connection,) = server.server_state.connections
        assert isinstance(connection, BoundedProtocol)
        connection.eof_received()
        assert await looked_at(server, monkeypatch) == [connection]


@pytest.mark.anyio
async def test_s11_a_connection_whose_stream_ended_has_its_deadline_again(make_app: MakeApp) -> None:
    app, ending = make_app(keep_alive=0.3), b"POST /api/t/a/work HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with serving(app) as (server, address), connected(address, ending) as reader:
        assert (await asyncio.wait_for(reader.read(), 20)).endswith(b"\r\n0\r\n\r\n")  # then it was closed
        async with asyncio.timeout(20):
            while server.server_state.connections:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0)


class Reader:
    """Somebody who is connected, in virtual time, and what was written when."""

    def __init__(self, loop: SimulationLoop, streams: Streams, most: int = 1 << 30) -> None:
        self._loop, self._streams, self._most = loop, streams, most
        self.written: list[tuple[float, bytes]] = []
        self.gone = asyncio.Event()

    async def watch(self) -> None:
        """Be served with a stream on which nothing happens, until `gone`."""
        await EventStream(self._streams, CALLER, _nothing())(
            {"type": "http", "method": "GET"}, self._receive, self._send
        )

    async def _receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.written.append((self._loop.time(), message.get("body", b"")))
        if len(self.written) >= self._most:
            await asyncio.Event().wait()


async def _nothing() -> AsyncIterator[EventRecord]:
    await asyncio.Event().wait()
    yield EventRecord(1, 1, 1, "r", 1, "t", "log", 1, b"1")


def idle_streams() -> Streams:
    """With nobody whose token could end."""
    deaf = SimpleNamespace(on_revoke=lambda told: None, on_end=lambda told: None)
    people: Any = SimpleNamespace(tokens=deaf, sessions=deaf)
    return Streams(people, HttpSettings())


def test_f29_streams_that_opened_together_are_kept_alive_one_after_the_other() -> None:
    """All who had come back at once were written to at once, every 15 s; each still hears something that often."""
    loop, streams = SimulationLoop(1), idle_streams()

    async def main() -> list[Reader]:
        readers = [Reader(loop, streams) for _ in range(150)]
        tasks = [asyncio.ensure_future(reader.watch()) for reader in readers]
        await asyncio.sleep(0)
        end = asyncio.Event()
        loop.call_later(65.0, end.set)
        await end.wait()
        for reader in readers:
            reader.gone.set()
        await asyncio.gather(*tasks)
        return readers

    readers = loop.run(main())
    assert len(streams) == 0
    at_once: Counter[int] = Counter()
    for reader in readers:
        times = [when for when, body in reader.written if body]
        assert max(later - sooner for sooner, later in itertools.pairwise(times)) < 15.001
        assert times[-1] > 50
        beats = [when for when, body in reader.written if body == HEARTBEAT]
        assert len(beats) in (4, 5)
        at_once.update(int(when * 10) for when in beats)
    assert max(at_once.values()) < 15  # one on average


def test_p10_a_reader_that_takes_no_heartbeat_is_dropped() -> None:
    loop, streams = SimulationLoop(1), idle_streams()

    async def main() -> None:
        reader = Reader(loop, streams, most=3)
        with pytest.raises(Disconnected):
            await reader.watch()

    loop.run(main())
    assert loop.time() <= 15 + 30
    assert len(streams) == 0
