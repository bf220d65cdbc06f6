"""For tests: a client without a network, a server on a real socket, and requests byte by byte."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
from needlework.http.app import Application
from needlework.http.server import Server, make_server

MakeApp = Callable[..., Application]
"""Makes an application from settings."""


def client_of(app: Application, **options: Any) -> httpx2.AsyncClient:
    """A client that calls `app` without a network."""
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost:6767", **options)


def listening() -> socket.socket:
    """A socket on an ephemeral loopback port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    listener.setblocking(False)
    return listener


@contextlib.asynccontextmanager
async def served(app: Application) -> AsyncIterator[tuple[str, int]]:
    """`app` on a real socket."""
    async with serving(app) as (_, address):
        yield address


@contextlib.asynccontextmanager
async def serving(app: Application) -> AsyncIterator[tuple[Server, tuple[str, int]]]:
    """`app` on a real socket, and the server, whose connections can be looked at."""
    listener = listening()
    ready = asyncio.Event()
    server = make_server(app, [listener], lambda addresses: ready.set())
    task = asyncio.create_task(server.serve([listener]))
    await ready.wait()
    try:
        yield server, listener.getsockname()
    finally:
        server.should_exit = True
        await task


async def raw(address: tuple[str, int], data: bytes, *, most: int = 1 << 20) -> bytes:
    """Send bytes, return what comes back until the server closes or has answered once."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
        answer = b""
        with contextlib.suppress(ConnectionError):
            while len(answer) < most:
                part = await asyncio.wait_for(reader.read(65536), 5)
                answer += part
                if not part or _is_whole(answer):
                    break
        return answer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if end and line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def status_of(answer: bytes) -> int:
    """The status of a raw answer; 0 where the connection was just closed."""
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/") else 0
