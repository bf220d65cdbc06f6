"""The readers of `sse.py`: many open streams in a process of their own, parsed as little as the figures need."""

import asyncio
import contextlib
import re
import time
from array import array
from collections.abc import AsyncIterator
from typing import Any

PATH = "/api/internal/pubsub/events"
MARK = b"event: result"
_TIME = re.compile(rb'"t":(\d+)')
_SAMPLED = 10
"""Delays are read from each tenth watcher; events are counted at all of them."""


class Watching(asyncio.Protocol):
    """One open stream: counts events, and reads delays where it is one of the sampled."""

    def __init__(self, request: bytes, delays: "array[int] | None") -> None:
        self.request, self.delays = request, delays
        self.events, self._tail = 0, b""
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self.open.done() and b"retry: " in data:
            self.open.set_result(None)
        self.events += (self._tail + data).count(MARK)
        self._tail = data[1 - len(MARK) :]
        if self.delays is not None:
            self.delays.extend(now - int(sent) for sent in _TIME.findall(data))


class Readers:
    """The client's process."""

    def __init__(self) -> None:
        self.watchers: list[Watching] = []
        self.delays: array[int] = array("q")

    async def watch(self, port: int, count: int) -> None:
        """Open `count` streams; returns when all of them have their first bytes."""
        request = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n".encode()
        for first in range(0, count, 100):
            opened = [Watching(request, None if n % _SAMPLED else self.delays) for n in range(min(100, count - first))]
            for watcher in opened:
                await asyncio.get_running_loop().create_connection(lambda made=watcher: made, "127.0.0.1", port)
            await asyncio.wait_for(asyncio.gather(*(watcher.open for watcher in opened)), 30)
            self.watchers += opened

    async def seen(self) -> tuple[int, float, float]:
        """Events in all, delay p50 and p99 in ms; waits until no more come."""
        last = -1
        while (now := sum(watcher.events for watcher in self.watchers)) != last:
            last = now
            await asyncio.sleep(1.0)
        delays = sorted(self.delays) or [0]
        return now, delays[len(delays) // 2] / 1e6, delays[int(len(delays) * 0.99)] / 1e6

    async def leave(self) -> None:
        """Close every stream."""
        for watcher in self.watchers:
            watcher.transport.close()


@contextlib.asynccontextmanager
async def reading() -> AsyncIterator[Readers]:
    """The client."""
    yield Readers()
