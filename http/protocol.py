"""The wire: uvicorn's httptools protocol with the limits and deadlines that it lacks.

httptools takes a header block of a megabyte and uvicorn waits for ever for a slow one. Here the size and count of
headers, the length of the target, what stands between the pieces of a body and the number of requests that wait
for their turn are bounded while they arrive; headers, bodies and idle connections have deadlines, and a reader that
takes nothing of an answer is cut off.
"""

import asyncio
import math
from functools import partial
from typing import Any

import httptools
from needlework.http.deadlines import TimedProtocol
from needlework.http.headers import NO_STORE, SECURITY, RawHeaders
from needlework.http.problems import document
from needlework.http.settings import HttpSettings
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle
from uvicorn.server import ServerState

_PIECE = 4096
"""Bytes that are parsed at once while headers are expected: more could hold thousands of small requests."""
_WAITING = 16
"""Requests of one connection that wait for their turn, beyond which what follows is not even parsed."""


class _Refused(Exception):
    """Stops the parser: the rest of the request is not worth its time."""


class BoundedProtocol(TimedProtocol):
    """One connection. What all of a server share is set on a subclass, see `bounded`: uvicorn builds these itself."""

    parser: httptools.HttpRequestParser
    """Given up with the connection: nothing is parsed after that."""

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
        self._between = 0
        self._held = b""
        self._refused = False
        self._date: tuple[RawHeaders, bytes] = [], b""

    def data_received(self, data: bytes) -> None:
        if self._held:
            self._held += data  # at most one read: reading is paused
            return
        while data and not self._refused:
            if len(self.pipeline) > _WAITING:
                self._held = data
                self.flow.pause_reading()
                return
            piece = data[:_PIECE] if self._in_headers and len(data) > _PIECE else data
            data = b"" if piece is data else data[_PIECE:]
            self._parse(piece)

    def _parse(self, data: bytes) -> None:
        """Counted before it is parsed: the parser would buffer for ever what never ends."""
        if self._in_headers:
            if not self._header_bytes and not self._stalled:
                self._end_after(self.settings.header_timeout)
            self._header_bytes += len(data)
            if self._header_bytes > self.settings.header_bytes and self._is_too_long(data):
                self._refuse(431, "headers_too_large", "the header block is too large")
                return
        else:
            self._between += len(data)
            if self._between > self.settings.header_bytes + len(data):
                self._refuse(400, "bad_body", "what stands between the pieces of the body is too long")
                return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refused = True  # answered without the upgrade and closed; what follows is of another protocol
        except httptools.HttpParserError:
            self._refuse(400, "bad_request", "this is not an HTTP request")

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
        self._header_bytes = 0
        self._check_head()
        self._in_headers = False
        self._between = 0
        if not self._stalled:
            self._end_after(self.settings.body_timeout)
        super().on_headers_complete()
        if self.parser.should_upgrade():  # nothing else is spoken here, and the parser takes nothing more
            self.cycle.keep_alive = False
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["answer"] = partial(self._answer, self.cycle)
        scope["whole_body"] = partial(_whole_body, self.cycle)
        scope["writable"] = self.flow.drain
        scope["abort"] = partial(self._abort, self.cycle)
        scope["stays"] = self.stays

    def _check_head(self) -> None:
        version = self.parser.get_http_version()
        if version != "1.1":
            if version != "1.0":
                self._refuse(505, "bad_version", "speak HTTP/1.1")
                raise _Refused
            if any(name == b"transfer-encoding" for name, _ in self.headers):
                self._refuse(400, "bad_request", "HTTP/1.0 has no Transfer-Encoding")
                raise _Refused
        if len(self.headers) > self.settings.header_count:
            self._refuse(431, "too_many_headers", f"a request has at most {self.settings.header_count} headers")
            raise _Refused
        if self.url[:1] != b"/":  # an absolute target names a host of its own, which nobody would check
            self._refuse(400, "bad_target", "the target of a request starts with /")
            raise _Refused

    def on_body(self, body: bytes) -> None:
        self._between = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_headers = True  # what comes next, if anything, is another request's
        if not self._stalled:
            if self._is_answering():
                self._end_never()
            else:
                self._end_after(self.settings.keep_alive)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, with a deadline instead of a timer for the idle connection."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        if self._held and len(self.pipeline) <= _WAITING:
            held, self._held = self._held, b""
            self.data_received(held)
        if self.pipeline or self._held:
            return
        self.flow.resume_reading()
        if self._is_answering() or self._stalled:
            return
        if self._in_headers and not self._header_bytes:
            self._end_after(self.settings.keep_alive)
        elif self.deadline == math.inf:  # half a request came while the answer was not taken
            self._end_after(self.settings.header_timeout)

    def expire(self) -> None:
        """End a connection whose deadline has passed."""
        self._end_never()
        started = self._is_answering() and self.cycle.response_started
        if self._stalled or started or self.transport.is_closing():
            self.transport.abort()  # half an answer is out, another can't follow
        elif self._is_answering() or self._header_bytes or self.cycle is None:
            self._refuse(408, "request_too_slow", "the request did not come in time")
        elif self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def _abort(self, cycle: RequestResponseCycle) -> None:
        """Cut the connection of a reader that takes nothing: closing would wait for it to take what is left."""
        cycle.disconnected = True
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "bad_request", "this is not an HTTP request")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer without the application, and close; a request before this one gets its own answer first."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self._is_answering() and self._in_headers:
            self.cycle.keep_alive = False
            return
        if not self.pipeline and not (self._is_answering() and self.cycle.response_started):
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
    return type("BoundedProtocol", (BoundedProtocol,), {"settings": settings, "timed": set()})
