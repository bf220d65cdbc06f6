"""What callers ask of an answer in headers: how long to wait, which form, which repeat it is."""

import re

import msgspec
from needlework.bus.errors import FieldError
from needlework.http.headers import RequestHeaders
from needlework.http.problems import Problem

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_KEY_LENGTH = 255
LAST_EVENT = 10**15 - 1
"""No event has a greater number."""
_EVENT_STREAM = b"text/event-stream"


class Preferences(msgspec.Struct, frozen=True):
    """`Prefer: respond-async, wait=N` (RFC 7240)."""

    respond_async: bool = False
    wait: float | None = None

    @property
    def applied(self) -> dict[str, str]:
        """The header that says which of them were heeded."""
        words = ["respond-async"] if self.respond_async else []
        if self.wait is not None:
            words.append(f"wait={self.wait:g}")
        return {"preference-applied": ", ".join(words)} if words else {}


def preferences(headers: RequestHeaders) -> Preferences:
    """The preferences of a request; unknown and malformed ones are ignored, as the RFC has it."""
    text = headers.text(b"prefer")
    if text is None:
        return Preferences()
    respond_async, wait = False, None
    for part in text.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "respond-async":
            respond_async = True
        elif name == "wait" and value.isascii() and value.strip('" ').isdigit():
            wait = float(min(int(value.strip('" ')[:9]), 3600))
    return Preferences(respond_async, wait)


def wants_stream(headers: RequestHeaders) -> bool:
    """Whether the caller asks for Server-Sent Events by name."""
    accept = headers.get(b"accept")
    return accept is not None and _EVENT_STREAM in accept.lower()


def wants_page(headers: RequestHeaders) -> bool:
    """Whether the caller is a browser that opens an address."""
    accept = headers.get(b"accept")
    return accept is not None and b"text/html" in accept.lower()


def idempotency_key(headers: RequestHeaders) -> str | None:
    """The `Idempotency-Key`. Raises Problem 422 for one that can't be kept."""
    value = headers.get(b"idempotency-key")
    if value is None:
        return None
    text = value.decode("latin-1").strip(" \t")  # what HTTP lets stand around a value, and no other white space
    usable = text.isascii() and text.isprintable() and 0 < len(text) <= _KEY_LENGTH
    if not usable or headers.is_repeated(b"idempotency-key"):
        detail = f"Idempotency-Key is 1 to {_KEY_LENGTH} printable ASCII characters, given once"
        raise Problem(422, "bad_idempotency_key", detail, errors=[FieldError("Idempotency-Key", detail)])
    return text


def traceparent(headers: RequestHeaders) -> str | None:
    """The W3C trace context; a malformed one is dropped, as its standard has it."""
    text = headers.text(b"traceparent")
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


def resume_point(headers: RequestHeaders, after: str | None) -> int | None:
    """After which event a stream goes on: `Last-Event-ID`, else `?after=`. Raises Problem 422."""
    text = headers.text(b"last-event-id")
    name = "Last-Event-ID"
    if text is None or text == "":
        text, name = after, "after"
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LAST_EVENT)):
        raise Problem(422, "invalid_field", "no event has this id", errors=[FieldError(name, "is not an event id")])
    return int(text)
