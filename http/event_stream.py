"""Server-Sent Events: an operation's progress or a topic's life, live and from where a reader left off.

Three small tasks a stream: the request's own writes, one reads the bus ahead of it by a bounded number of
frames and bytes, one waits for the reader to go away. So frames that came together leave in one write, and a slow
reader holds back nobody but itself: what it has not taken stays in the log. An idle one costs a comment now and then,
each stream's at a time of its own, and nothing else.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from typing import Any, Protocol

import anyio
import msgspec
from needlework.bus.errors import NeedleworkError
from needlework.bus.records import EventRecord, Reset
from needlework.http.headers import RawHeaders
from needlework.http.problems import Disconnected, document
from needlework.http.routes import Caller
from needlework.http.streams import OpenStream, Streams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Framed(Protocol):
    """Something that knows its own frame: an event, a state."""

    @property
    def frame(self) -> bytes: ...


Events = AsyncIterator[Framed | Reset] | AsyncIterator[EventRecord | Reset]
HEARTBEAT = b":\n\n"
_AHEAD = 256
"""Frames read ahead of the writer."""
_AHEAD_BYTES = 64 << 10
"""Bytes of frames read ahead of the writer; the frame that passes it is the last."""
_LINGER = 0.01
"""Seconds between two writes of a busy stream: what comes meanwhile leaves together."""
_HEADERS: RawHeaders = [
    (b"content-type", b"text/event-stream"),
    (b"x-accel-buffering", b"no"),  # a proxy that collects events delivers none
]


class _Frames:
    """Frames on their way from the bus to the writer."""

    __slots__ = ("_timer", "changed", "ended", "pending", "room", "size")

    def __init__(self) -> None:
        self.pending: list[bytes] = []
        self.size = 0
        self.changed, self.room = asyncio.Event(), asyncio.Event()
        self.ended = False
        self._timer: asyncio.TimerHandle | None = None

    def beat(self, every: float) -> None:
        """Say something every so many seconds, so that everybody between knows. The first comes at a time drawn from
        that span: streams that were opened together would else be written to together ever after."""
        self._timer = asyncio.get_running_loop().call_later(random.random() * every, self._beat, every)

    def _beat(self, every: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(every, self._beat, every)
        if not self.pending:
            self.pending.append(HEARTBEAT)
            self.changed.set()

    def be_still(self) -> None:
        """No more of that."""
        if self._timer is not None:
            self._timer.cancel()

    async def put(self, frame: bytes) -> None:
        self.pending.append(frame)
        self.size += len(frame)
        self.changed.set()
        if len(self.pending) >= _AHEAD or self.size >= _AHEAD_BYTES:
            self.room.clear()
            await self.room.wait()

    def end(self) -> None:
        self.ended = True
        self.changed.set()

    async def come(self) -> None:
        """Wait for a frame or the end."""
        if not self.pending and not self.ended:
            self.changed.clear()
            await self.changed.wait()

    def take(self) -> bytes | None:
        """All frames that are there; None at the end."""
        taken, self.pending, self.size = self.pending, [], 0
        self.room.set()
        return b"".join(taken) if taken else None


class EventStream(Response):
    """A response that writes events as they come, until they end, the reader goes, or the stream is ended."""

    def __init__(
        self,
        streams: Streams,
        caller: Caller,
        events: Events,
        *,
        first: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._streams, self._caller, self._events, self._first = streams, caller, events, first
        self._settings = streams.settings
        own = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
        self.raw_headers = [*_HEADERS, *own]
        self.status_code = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the stream. Raises Problem 429 where the workspace has too many of them."""
        with self._streams.opened(self._caller) as entry:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                with entry.scope:
                    await self._run(entry, scope, receive, send)
            with anyio.move_on_after(1) as last:  # a reader that takes nothing gets no farewell either
                await send({"type": "http.response.body", "body": entry.farewell})
            if last.cancelled_caught:
                raise Disconnected

    async def _run(self, entry: OpenStream, scope: Scope, receive: Receive, send: Send) -> None:
        frames = _Frames()
        writable = scope.get("writable")  # of our own protocol; others wait while they send, with the frames in hand
        stays = scope.get("stays", _nothing)  # and this, which others need not know
        try:
            stays(True)
            frames.beat(self._settings.heartbeat)
            async with _beside(self._read(frames), _until_gone(entry, receive)):
                await self._write(send, b"retry: %d\n\n" % self._settings.stream_retry + self._first)
                loop, last = asyncio.get_running_loop(), 0.0
                while True:
                    await frames.come()
                    if writable is not None:
                        await writable()
                    batch = frames.take()
                    if batch is None:
                        return
                    await self._write(send, batch)
                    del batch  # it may be large, and the next one may be long in coming
                    now = loop.time()
                    if now - last < _LINGER:
                        await asyncio.sleep(_LINGER)
                    last = now
        finally:
            frames.be_still()
            stays(False)

    async def _read(self, frames: _Frames) -> None:
        try:
            async for event in self._events:
                if isinstance(event, Reset):
                    await frames.put(b'event: reset\ndata: {"oldest":%d}\n\n' % event.oldest)
                else:
                    await frames.put(event.frame)
        except NeedleworkError as error:
            body = document(error.status, error.code, error.detail, self._caller.request_id)
            await frames.put(b"event: error\ndata: " + body + b"\n\n")
        finally:
            frames.end()
            if isinstance(self._events, AsyncGenerator):
                await self._events.aclose()

    async def _write(self, send: Send, frames: bytes) -> None:
        """Raises Disconnected for a reader that takes nothing for too long."""
        try:
            async with asyncio.timeout(self._settings.stream_send_timeout):
                await send({"type": "http.response.body", "body": frames, "more_body": True})
        except TimeoutError:
            raise Disconnected from None


def _nothing(stays: bool) -> None:
    pass


async def _until_gone(entry: OpenStream, receive: Receive) -> None:
    """End the stream when its reader goes."""
    while (await receive())["type"] != "http.disconnect":
        pass
    entry.scope.cancel()


@contextlib.asynccontextmanager
async def _beside(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines beside the block; they are cancelled and gone when it is left."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


def accepted_frame(ident: str, location: str, traceparent: str | None) -> bytes:
    """The first event of an operation's stream: where to go on, since EventSource can't POST."""
    trace = {"traceparent": traceparent} if traceparent else {}
    return b"event: accepted\ndata: " + msgspec.json.encode({"id": ident, "location": location, **trace}) + b"\n\n"
