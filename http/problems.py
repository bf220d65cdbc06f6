"""Every refusal and failure as `application/problem+json` (RFC 9457). Never a traceback, never HTML."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from needlework.bus.errors import FieldError, NeedleworkError, Refuse
from starlette.responses import Response

logger = logging.getLogger("needlework.http")

TYPE = "urn:needlework:problem:"
"""Prefix of a problem's `type`: a stable name, not an address to fetch."""


class Problem(NeedleworkError):
    """A refusal by the HTTP layer itself, with the status, code and headers that it becomes."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(detail, errors=errors, retry_after=retry_after)
        self.status, self.code = status, code
        self.headers = dict(headers or {})
        if close:  # what is left of the request is not worth reading
            self.headers["connection"] = "close"


class Disconnected(Exception):
    """The caller went away before the request was whole; nobody is left to be answered."""


class Document(msgspec.Struct, omit_defaults=True):
    """The body of a problem."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] = []


def document(
    status: int, code: str, detail: str, request_id: str, errors: Sequence[FieldError] = (), **extra: Any
) -> bytes:
    """A problem document as JSON. `extra` adds members of its own; it can't replace the standard ones."""
    body = Document(TYPE + code, _title(status), status, detail, code, request_id, list(errors))
    if not extra:
        return msgspec.json.encode(body)
    return msgspec.json.encode({**extra, **msgspec.to_builtins(body)})


def response(error: BaseException, request_id: str) -> Response:
    """What a caller gets for `error`. What nobody expected is logged here, once, and told without details."""
    if isinstance(error, Refuse):
        body = document(error.status, error.code, error.detail, request_id, error.errors, **error.extra)
        return _response(error.status, body, {})
    if isinstance(error, NeedleworkError) and (error.status < 500 or error.status in (503, 507)):
        headers = dict(error.headers) if isinstance(error, Problem) else {}
        retry_after = error.retry_after
        if retry_after is None and error.status in (429, 503, 507):
            retry_after = 1 if error.status == 503 else 5
        if retry_after is not None:
            headers["retry-after"] = str(retry_after)
        return _response(
            error.status, document(error.status, error.code, error.detail, request_id, error.errors), headers
        )
    logger.error("request %s failed", request_id, exc_info=error)
    detail = f"Something went wrong inside; the log tells more under request {request_id}."
    return _response(500, document(500, "internal_error", detail, request_id), {})


def outcome_response(kind: str, data: Any, request_id: str) -> Response:
    """What a caller gets for a message that ended otherwise than in a result."""
    found = data if isinstance(data, dict) else {}
    if kind == "refused":
        status = found.get("status", 422)
        errors = msgspec.convert(found.get("errors") or [], list[FieldError])
        known = ("status", "code", "detail", "errors", "type", "title", "request_id")
        extra = {name: value for name, value in found.items() if name not in known}
        code, detail = str(found.get("code", "refused")), str(found.get("detail", ""))
        return _response(status, document(status, code, detail, request_id, errors, **extra), {})
    if kind == "cancelled":
        detail = str(found.get("detail") or "the message was cancelled before it finished")
        return _response(409, document(409, "cancelled", detail, request_id), {})
    detail = "the message used up its attempts; it is kept among the dead letters with the reason"
    return _response(500, document(500, "dead_letter", detail, request_id), {})


def _response(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    return Response(body, status, headers, "application/problem+json")


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
