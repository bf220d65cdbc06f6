"""The wire: uvicorn's httptools protocol with the limits and deadlines that it lacks.

httptools takes a header block of a megabyte and uvicorn waits for ever for a slow one. Here the size and
count of headers and the length of the target are bounded while they arrive, headers and bodies have
deadlines, and a reader that takes nothing of an answer is cut off.
"""

import asyncio
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from needlework.http.headers import NO_STORE, SECURITY
from needlework.http.problems import document
from needlework.http.settings import HttpSettings


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
        self._in_headers = False
        self._deadline: TimerHandle | None = None
        self._stalled: TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm(self.settings.header_timeout)  # also for who connects and says nothing

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._stalled is not None:
            self._stalled.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self._in_headers and self._deadline is None:
            self._arm(self.settings.header_timeout)
        # Counted before they are parsed: what never ends would be buffered by the parser for ever.
        if self._in_headers or idle:
            self._header_bytes += len(data)
            if self._header_bytes > self.settings.header_bytes and self._is_too_long(data):
                self._refuse(431, "headers_too_large", "the header block is too large")
                return
        super().data_received(data)

    def _is_too_long(self, data: bytes) -> bool:
        """Whether it is the headers that are long; a body may arrive in one piece with them."""
        end = data.find(b"\r\n\r\n")
        return end < 0 or self._header_bytes - len(data) + end > self.settings.header_bytes

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = True

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.settings.target_bytes:
            self._refuse(414, "target_too_long", f"a target is at most {self.settings.target_bytes} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > self.settings.header_count:
            self._refuse(431, "too_many_headers", f"a request has at most {self.settings.header_count} headers")

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._header_bytes = 0
        if self._refused:
            return
        if self.url[:1] != b"/":  # an absolute target names a host of its own, which nobody would check
            self._refuse(400, "bad_target", "the target of a request starts with /")
            return
        self._arm(self.settings.body_timeout)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._disarm()
        if not self._refused:
            super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.settings.stream_send_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "bad_request", "this is not an HTTP request")

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.response_started:
            self.transport.abort()  # an answer is half out; another can't follow
        elif self.transport is not None and not self.transport.is_closing():
            self._refuse(408, "request_too_slow", "the request did not come in time")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer without the application, and close: the rest of the request is not worth parsing."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._disarm()
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            body = document(status, code, detail, "req_refused")
            fields = [
                *SECURITY, NO_STORE, (b"content-type", b"application/problem+json"),
                (b"content-length", b"%d" % len(body)), (b"connection", b"close"),
            ]  # fmt: skip
            head = b"".join(b"%s: %s\r\n" % field for field in fields)
            self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.transport.close()


def bounded(settings: HttpSettings) -> type[BoundedProtocol]:
    """The protocol class with these limits."""
    return type("BoundedProtocol", (BoundedProtocol,), {"settings": settings})
