"""The wire: uvicorn's httptools protocol with the limits and deadlines that it lacks.

httptools takes a header block of a megabyte and uvicorn waits for ever for a slow one. Here the size and count of
headers and the length of the target are bounded while they arrive, headers, bodies and idle connections have
deadlines, and a reader that takes nothing of an answer is cut off. Deadlines are plain numbers that the server's
tick looks at: a timer for each request would cost as much as parsing it.
"""

import asyncio
from functools import partial
from typing import Any

from needlework.http.headers import NO_STORE, SECURITY, RawHeaders
from needlework.http.problems import document
from needlework.http.settings import HttpSettings
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

_NEVER = float("inf")


class _Refused(Exception):
    """Stops the parser: the rest of the request is not worth its time."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `settings` is set on a subclass, see `bounded`: uvicorn builds these itself."""

    settings = HttpSettings()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.access_log = False
        self._header_bytes = 0
        self._in_headers = True
        self._refused = False
        self._stalled = False
        self._date: tuple[RawHeaders, bytes] = [], b""
        self.deadline = self.loop.time() + self.settings.header_timeout
        """When the server's tick ends this connection: it says nothing, or too slowly, or takes nothing."""

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_headers:
            # Counted before they are parsed: the parser would buffer for ever what never ends.
            if not self._header_bytes and not self._stalled:
                self.deadline = self.loop.time() + self.settings.header_timeout
            self._header_bytes += len(data)
            if self._header_bytes > self.settings.header_bytes and self._is_too_long(data):
                self._refuse(431, "headers_too_large", "the header block is too large")
                return
        super().data_received(data)

    def _is_too_long(self, data: bytes) -> bool:
        """Whether it is the headers that are long; a body may arrive in one piece with them."""
        end = data.find(b"\r\n\r\n")
        return end < 0 or self._header_bytes - len(data) + end > self.settings.header_bytes

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.settings.target_bytes:
            self._refuse(414, "target_too_long", f"a target is at most {self.settings.target_bytes} bytes")
            raise _Refused

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser hands over trailers as if they were headers: they would be believed, and nobody counts them."""
        if not self._in_headers:
            self._refuse(400, "trailers", "trailers after a chunked body are not taken")
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._header_bytes = 0
        if len(self.headers) > self.settings.header_count:
            self._refuse(431, "too_many_headers", f"a request has at most {self.settings.header_count} headers")
            raise _Refused
        if self.url[:1] != b"/":  # an absolute target names a host of its own, which nobody would check
            self._refuse(400, "bad_target", "the target of a request starts with /")
            raise _Refused
        if not self._stalled:
            self.deadline = self.loop.time() + self.settings.body_timeout
        super().on_headers_complete()
        self.scope["answer"] = partial(self._answer, self.cycle)  # type: ignore[typeddict-unknown-key]
        self.scope["whole_body"] = partial(_whole_body, self.cycle)  # type: ignore[typeddict-unknown-key]

    def on_message_complete(self) -> None:
        self._in_headers = True  # what comes next, if anything, is another request's
        if not self._stalled:
            self.deadline = _NEVER
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, with a deadline instead of a timer for the idle connection."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._in_headers and not self._header_bytes and not self._stalled:
            self.deadline = self.loop.time() + self.settings.keep_alive

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = True
        self.deadline = self.loop.time() + self.settings.stream_send_timeout

    def resume_writing(self) -> None:
        self._stalled = False
        self.deadline = _NEVER if self._is_answering() else self.loop.time() + self.settings.header_timeout
        super().resume_writing()

    def expire(self) -> None:
        """End a connection whose deadline has passed."""
        self.deadline = _NEVER
        if self.transport is None or self.transport.is_closing():
            return
        if self._stalled or (self._is_answering() and self.cycle.response_started):
            self.transport.abort()  # half an answer is out, another can't follow
        elif self._is_answering() or self._header_bytes or self.cycle is None:
            self._refuse(408, "request_too_slow", "the request did not come in time")
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "bad_request", "this is not an HTTP request")

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer without the application, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if not self._is_answering() or not self.cycle.response_started:
            body = document(status, code, detail, "req_refused")
            media = (b"content-type", b"application/problem+json")
            head = head_of(status, [*SECURITY, NO_STORE, media, (b"connection", b"close")])
            self.transport.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body))
        self.transport.close()

    def _answer(self, cycle: RequestResponseCycle, head: bytes, body: bytes) -> bool:
        """A whole answer in one write: `head` is status line and headers as they leave. False: use `send`.

        For the hot path: `send` looks at each header with two regular expressions, each time anew.
        """
        if cycle.disconnected:
            return True
        if self.flow.write_paused or cycle.response_started:
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        if self._date[0] is not self.server_state.default_headers:  # the server makes a new list each second
            fields = self.server_state.default_headers
            self._date = fields, b"".join([b"%s: %s\r\n" % field for field in fields])
        self.transport.write(b"%s%scontent-length: %d\r\n%s%s" % (head, self._date[1], len(body), end, body))
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        return True


def _whole_body(cycle: RequestResponseCycle) -> bytes | None:
    """The body where all of it has arrived, as it has with most small ones; None: `receive` it."""
    if cycle.more_body or cycle.disconnected:
        return None
    body, cycle.body = cycle.body, bytearray()
    return bytes(body)


def head_of(status: int, headers: RawHeaders) -> bytes:
    """Status line and headers as they leave, without the blank line that ends them."""
    return STATUS_LINE[status] + b"".join(b"%s: %s\r\n" % field for field in headers)


def bounded(settings: HttpSettings) -> type[BoundedProtocol]:
    """The protocol class with these limits."""
    return type("BoundedProtocol", (BoundedProtocol,), {"settings": settings})
