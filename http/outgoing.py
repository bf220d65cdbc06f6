"""What leaves: every answer gets the headers that all carry, and is remembered for the metrics and the log."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from needlework.http.headers import NO_STORE, SECURITY
from needlework.http.protocol import head_of
from starlette.types import Message, Scope, Send

_JSON = head_of(200, [*SECURITY, NO_STORE, (b"content-type", b"application/json")]) + b"x-request-id: "


class Outgoing:
    """`send` of one request."""

    __slots__ = ("_answer", "allow_origin", "raw", "request_id", "status", "who")

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self.raw, self.request_id = send, request_id
        self.status = 0
        """What was answered; 0 while nothing was."""
        self.who = "nobody"
        """The caller, once known, for the log of denials."""
        self.allow_origin: str | None = None
        """The foreign page that may read the answer."""
        self._answer: Callable[[bytes, bytes], bool] | None = scope.get("answer")

    def __call__(self, message: Message) -> Awaitable[None]:
        """As ASGI's `send`."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._complete(message)
        return self.raw(message)

    def whole(self, body: bytes) -> bool:
        """200 and JSON in one write, where our own protocol serves and no page elsewhere reads; else False."""
        if self._answer is None or self.allow_origin is not None:
            return False
        self.status = 200
        return self._answer(b"%s%s\r\n" % (_JSON, self.request_id.encode()), body)

    def _complete(self, message: MutableMapping[str, Any]) -> None:
        own = list(message.get("headers", ()))
        headers = [*SECURITY, (b"x-request-id", self.request_id.encode()), *own]
        if not any(name == b"cache-control" for name, _ in own):
            headers.append(NO_STORE)
        if self.allow_origin is not None:
            headers.append((b"access-control-allow-origin", self.allow_origin.encode("latin-1")))
            headers.append((b"access-control-expose-headers", b"*"))
            headers.append((b"vary", b"origin"))
        message["headers"] = headers


async def send_json(send: Send, body: bytes, extra: Mapping[str, str] | None = None) -> None:
    """Answer 200 with JSON text."""
    if not extra and isinstance(send, Outgoing) and send.whole(body):
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.encode(), value.encode()) for name, value in (extra or {}).items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
