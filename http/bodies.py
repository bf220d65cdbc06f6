"""Request bodies: read within limits and a deadline, then held against the rules that JSON leaves open.

The rules (docs/http.md has them with their reasons): UTF-8, a byte order mark is skipped; an absent, empty
or blank body is `{}`; at most `depth` levels; integers within ±2^53; no NUL, no half of a surrogate pair; NaN
and Infinity are no JSON; of a name given twice the last one counts. The usual body passes a few scans in C;
only one that looks suspicious is read again token by token. What takes long is done in a thread, in small pieces:
one call in C over a body of 64 MiB would hold the interpreter, and with it everybody, for seconds.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any, Protocol, TypeVar

import msgspec
from needlework.bus.errors import FieldError
from needlework.http.fields import wrong_field
from needlework.http.problems import Disconnected, Problem
from starlette.types import Receive, Scope

_Decoded = TypeVar("_Decoded", covariant=True)
_Done = TypeVar("_Done")
_LARGE = 128 << 10
"""Bytes from which on a body is looked at beside the loop."""
_PIECE = 64 << 10
_LARGEST = 1 << 53
_LONG_NUMBER = b"0" * 16
_DIGITS = bytes(48 if 48 <= byte < 58 else 32 for byte in range(256))
"""Each digit as 0, which makes a long number a plain text to look for: a pattern takes six times as long."""
# A string that never ends matches up to the end of the body, or each quote in it would be tried in turn.
_STRING = rb'"(?:[^"\\]++|\\.|\\\Z)*+(?:"|\Z)'
_STRING_OR_INTEGER = re.compile(_STRING + rb"|(-?[0-9]++)(?![.eE])|-?[0-9.]++(?:[eE][+-]?[0-9]++)?", re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
BLANK = b" \t\r\n"
"""White space as JSON has it; Python's counts more."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""A bracket as the step of its level, one signed byte."""


class Decode(Protocol[_Decoded]):
    """A bound `msgspec.json.Decoder(type).decode`."""

    def __call__(self, buf: Any, /) -> _Decoded: ...


def arrived_body(scope: Scope, limit: int) -> bytes | None:
    """The body where our own protocol serves and has all of it; None: read it. Raises Problem 413."""
    body: bytes | None = scope["whole_body"]() if "whole_body" in scope else None
    if body is not None and len(body) > limit:
        raise _too_large(limit)
    return body


async def read_body(receive: Receive, limit: int, deadline: float) -> bytes:
    """The whole body. Raises Problem 413 beyond `limit` bytes, 408 after `deadline` seconds, Disconnected."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        return body
    try:
        async with asyncio.timeout(deadline):
            return await _read_rest(message, receive, limit)
    except TimeoutError:
        raise Problem(408, "body_too_slow", f"the body did not come within {deadline:g} s", close=True) from None


async def _read_rest(message: Any, receive: Receive, limit: int) -> bytes:
    parts, size = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


def clean(body: bytes) -> bytes:
    """The body as JSON text to decode, b"{}" for none; blanks are no JSON. Raises Problem 400 or 422, not for depth."""
    if not body:
        return b"{}"
    if body[:3] == b"\xef\xbb\xbf":
        body = body[3:]
    if not body.isascii():
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Problem(400, "not_utf8", f"the body is not UTF-8: byte {error.start}") from None
    if b"\\u" in body:
        _check_escapes(body)
    for start in range(0, len(body), _PIECE):
        if _LONG_NUMBER in body[start : start + _PIECE + 16].translate(_DIGITS):
            _check_integers(body)
            break
    return body


async def aside(body: bytes, work: Callable[..., _Done], *arguments: Any) -> _Done:
    """`work(*arguments)` on `body`: in a thread where the body is large."""
    return work(*arguments) if len(body) <= _LARGE else await asyncio.to_thread(work, *arguments)


def check_depth(text: bytes, depth: int) -> None:
    """Raises Problem 400 where arrays and objects are nested deeper than `depth`."""
    if text.count(b"{") + text.count(b"[") <= depth:
        return
    level = 0
    for outside in _outside_strings(text):
        steps = memoryview(outside.translate(_STEPS, _NOT_BRACKETS)).cast("b")
        levels = list(accumulate(steps, initial=level))
        if max(levels) > depth:
            raise Problem(400, "too_deep", f"the body is nested deeper than {depth} levels")
        level = levels[-1]


def _outside_strings(text: bytes) -> Iterator[bytes]:
    """What of JSON text stands outside of strings, piece by piece."""
    start, inside = 0, 0
    while start < len(text):
        piece = text[start : start + _PIECE]
        if piece[-1:] == b"\\" and (len(piece) - len(piece.rstrip(b"\\"))) % 2 and len(piece) > 1:
            piece = piece[:-1]  # what a backslash escapes belongs to it
        start += len(piece)
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = piece.split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= (len(parts) - 1) & 1


def decode(text: bytes, decoder: Decode[_Decoded], known: tuple[str, ...] = ()) -> _Decoded:
    """`text` decoded. Raises Problem 400 for what is no JSON, 422 for what has the wrong shape."""
    try:
        return decoder(text)
    except msgspec.ValidationError as error:
        found = wrong_field(error, known)
        raise Problem(422, "invalid_field", f"{found.field}: {found.message}", errors=[found]) from None
    except msgspec.DecodeError as error:
        raise Problem(400, "malformed_json", _explain(str(error))) from None
    except RecursionError:
        raise Problem(400, "too_deep", "the body is nested too deeply") from None
    except (UnicodeDecodeError, OverflowError, ValueError) as error:
        raise Problem(400, "malformed_json", f"the body can't be read: {error}") from None


def check_string(text: str) -> bool:
    """Whether a string from elsewhere than a body may be stored: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _check_escapes(body: bytes) -> None:
    high = False
    end = 0
    for match in _ESCAPE.finditer(body):
        code = int(match[1], 16) if match[1] else -1
        low = 0xDC00 <= code <= 0xDFFF
        if high is not low or (high and match.start() != end):
            raise _bad_text("half of a surrogate pair is no character")
        if code == 0:
            raise _bad_text("the NUL character can't be stored")
        high, end = 0xD800 <= code <= 0xDBFF, match.end()
    if high:
        raise _bad_text("half of a surrogate pair is no character")


def _check_integers(body: bytes) -> None:
    for match in _STRING_OR_INTEGER.finditer(body):
        digits = match[1]
        if digits is not None and (len(digits) > 17 or abs(int(digits)) > _LARGEST):
            detail = "integers go to ±2^53, beyond that other programs lose digits; send a string"
            error = FieldError("body", f"{digits[:40].decode()} is too large", "send it as a string")
            raise Problem(422, "number_too_large", detail, errors=[error])


def _bad_text(detail: str) -> Problem:
    return Problem(422, "bad_text", detail, errors=[FieldError("body", detail)])


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"a request body is at most {limit} bytes", close=True)


def _explain(error: str) -> str:
    text = error.removeprefix("JSON is malformed: ")
    return "the body is not JSON: it ends too early" if "truncated" in text else f"the body is not JSON: {text}"
