"""Answers that are JSON, and where things are."""

from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

import msgspec
from needlework.bus.messages import Reply
from needlework.bus.policies import TopicPolicy, moment_of
from needlework.bus.records import Receipt
from starlette.responses import Response

_encode = msgspec.json.Encoder().encode
MESSAGES = "/api/internal/pubsub/messages"


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON; msgspec encodes structs, dates and raw JSON as they are."""
    return Response(_encode(value), status, headers, "application/json")


def message_location(ident: str) -> str:
    """Where a message's state is."""
    return f"{MESSAGES}/{ident}"


def event_location(ident: str) -> str:
    """Where a message's events are."""
    return f"{MESSAGES}/{ident}/events"


def unwrap(result: Any) -> tuple[Any, dict[str, str]]:
    """A handler's result as body and headers: `Reply` carries both, live or as it was stored."""
    if isinstance(result, Reply):
        return result.body, _clean_headers(result.headers)
    if isinstance(result, dict) and "$body" in result and "$headers" in result:
        return result["$body"], _clean_headers(result["$headers"])
    return result, {}


def replayed_headers(*receipts: Receipt) -> dict[str, str]:
    """`Idempotency-Replayed` where all of an answer was given before, for the same key."""
    return {"idempotency-replayed": "true"} if receipts and all(each.replayed for each in receipts) else {}


def sunset_headers(policy: TopicPolicy) -> dict[str, str]:
    """`Deprecation` (RFC 9745) and `Sunset` (RFC 8594) of an operation that is to go."""
    headers = {}
    if policy.deprecated_since is not None:
        headers["deprecation"] = f"@{int(moment_of(policy.deprecated_since).timestamp())}"
    if policy.sunset is not None:
        headers["sunset"] = format_datetime(moment_of(policy.sunset), usegmt=True)
    return headers


def _clean_headers(headers: Any) -> dict[str, str]:
    """Headers of a handler: its values may come from anywhere, and must not end the line."""
    return {
        str(name).lower(): "".join(letter if " " <= letter <= "~" else "?" for letter in str(value))[:4096]
        for name, value in dict(headers).items()
        if str(name).replace("-", "").isalnum() and str(name).isascii()
    }
