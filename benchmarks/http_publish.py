"""Publishing over HTTP: 64 keep-alive connections, stored durably, handled by the same process; lists of a thousand.

Run: uv run python benchmarks/http_publish.py
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import common
import msgspec
import processes
import uvloop
from needlework.bus.bus import Bus
from needlework.bus.testing import running_bus
from needlework.http.app import build_app
from needlework.http.server import make_server
from needlework.http.settings import HttpSettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

CONNECTIONS, LIST, SECONDS = 64, 1_000, 4.0
PATH = "/api/internal/pubsub/publish"
ONE = b'{"topic":"bench.work","key":{"id":"conv_01HZZZZZZZZZZZZZZZZZZZZZZZ"},"data":{"n":1}}'


class Ours:
    """The service: bus, a runner, HTTP."""

    def __init__(self, bus: Bus, port: int) -> None:
        self._bus, self._port = bus, port

    async def port(self) -> int:
        return self._port

    async def handled(self) -> int:
        """Wait until everything is handled; how many results there are."""
        await common.finished(self._bus)
        return await self._bus.inspection.latest_event()


@contextlib.asynccontextmanager
async def ours(directory: str) -> AsyncIterator[Ours]:
    """The service in a scratch directory."""
    async with running_bus(common.registry(), Path(directory)) as bus:
        listener = processes.socket_of_loopback()
        server = make_server(build_app(bus, HttpSettings()), [listener])
        async with processes.listening(server, listener) as port:
            yield Ours(bus, port)


class Body(msgspec.Struct):
    """What the echo takes and gives."""

    topic: str
    key: dict[str, Any]
    data: dict[str, Any]


async def echo(request: Request) -> Response:
    """The reference: a JSON body decoded and encoded by msgspec."""
    body = msgspec.json.decode(await request.body(), type=Body)
    return Response(msgspec.json.encode(body), media_type="application/json")


class Echo:
    """The reference's server."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def port(self) -> int:
        return self._port


@contextlib.asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    """Starlette with one route, and the same uvicorn settings."""
    listener = processes.socket_of_loopback()
    server = processes.reference_server(Starlette(routes=[Route(PATH, echo, methods=["POST"])]))
    async with processes.listening(server, listener) as port:
        yield Echo(port)


class Caller(asyncio.Protocol):
    """One keep-alive connection: sends the next request when an answer is complete."""

    def __init__(self, request: bytes, until: float) -> None:
        self.request, self.until = request, until
        self.answers, self.bad, self._buffer = 0, 0, b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        start = self._buffer.find(b"content-length: ") + 16
        length = int(self._buffer[start : self._buffer.index(b"\r", start)])
        if len(self._buffer) < head + 4 + length:
            return
        if self._buffer.startswith(b"HTTP/1.1 200"):
            self.answers += 1
        else:
            self.bad += 1
        self._buffer = b""
        if time.perf_counter() < self.until:
            self._transport.write(self.request)
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.done.set_result(None)


async def _hammer(port: int, connections: int, body: bytes, seconds: float) -> float:
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
    loop, start = asyncio.get_running_loop(), time.perf_counter()
    callers = []
    for _ in range(connections):
        callers.append(Caller(request, start + seconds))
        await loop.create_connection(lambda: callers[-1], "127.0.0.1", port)
    await asyncio.gather(*(caller.done for caller in callers))
    bad = sum(caller.bad for caller in callers)
    if bad:
        raise RuntimeError(f"{bad} requests were refused")
    return sum(caller.answers for caller in callers) / (time.perf_counter() - start)


def hammer(port: int, connections: int, body: bytes, seconds: float) -> float:
    """In the client's process: answered requests a second."""
    return uvloop.run(_hammer(port, connections, body, seconds))


def measure(connections: int, body: bytes, seconds: float, echoed: bool = False) -> float:
    """Requests a second against a fresh server, after a short warm-up."""
    with common.scratch() as directory, processes.remote(*((echoing,) if echoed else (ours, directory))) as server:
        port = server.ask("port")
        processes.apart(hammer, port, connections, body, min(0.5, seconds))
        rate = processes.apart(hammer, port, connections, body, seconds)
        if not echoed and not server.ask("handled"):
            raise RuntimeError("nothing was handled")
        return rate


def main() -> None:
    """References and measurements take turns, the median of three."""
    quick = common.options(__doc__).quick
    seconds = 0.3 if quick else SECONDS
    many = b"[" + b",".join([ONE] * LIST) + b"]"
    echoes, singles, lists, raws = [], [], [], []
    for _ in range(1 if quick else 3):
        echoes.append(measure(CONNECTIONS, ONE, seconds, echoed=True))
        singles.append(measure(CONNECTIONS, ONE, seconds))
        lists.append(measure(2, many, seconds) * LIST)
        with common.scratch() as directory:
            raws.append(common.raw_publish(Path(directory), seconds / 4, 64))
    echoing_rate, single, listed, raw = map(common.median, (echoes, singles, lists, raws))
    common.report([
        {"what": "HTTP publish, 64 connections, durable, handled (requests/s)", "figure": round(single),
         "ratio": single / echoing_rate, "reference": f"Starlette echo ({echoing_rate:,.0f}/s)", "goal": ">= 0.80",
         "met": single / echoing_rate >= 0.8},
        {"what": "HTTP publish, a thousand in a request (messages/s)", "figure": round(listed),
         "ratio": listed / raw, "reference": f"RAW 64 a transaction ({raw:,.0f}/s)", "goal": ">= 100,000/s",
         "met": listed >= 100_000},
    ])  # fmt: skip


if __name__ == "__main__":
    main()
