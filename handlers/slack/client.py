"""Calls of Slack's Web API: bounded in time and size, and exact about what is known afterwards."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from needlework.bus.peers import Peer
from needlework.handlers.net.fetch import Bounds, Fetched, call
from needlework.handlers.net.outcomes import Limited, Refused, Unknown, patience

BOUNDS = Bounds(connect=5.0, total=10.0, size=4 * 1024 * 1024)
"""Of one call; 200 messages of history with their blocks stay far below that size."""
PATIENCE, MOST_PATIENCE = 30.0, 900.0
"""Seconds to wait where Slack says 429 and not how long; seconds at most, whatever it says."""
EVENT = "needlework_delivery"
"""The type of the metadata by which a message is found again."""
FORM = "application/x-www-form-urlencoded"
PAGES = 10
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,10}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,79}")
_UNSURE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})


async def post(peer: Peer, channel: str, body: Mapping[str, Any], delivery: str) -> str:
    """Post a message that can be found again by `delivery`; its time stamp. Raises CallError."""
    metadata = {"event_type": EVENT, "event_payload": {"delivery_id": delivery}}
    answer = await _say(peer, "chat.postMessage", {"channel": channel, "metadata": metadata, **body})
    return _stamp(answer)


async def update(peer: Peer, channel: str, ts: str, body: Mapping[str, Any], delivery: str) -> str:
    """Edit the message `ts`; the same again changes nothing. Raises CallError."""
    metadata = {"event_type": EVENT, "event_payload": {"delivery_id": delivery}}
    answer = await _say(peer, "chat.update", {"channel": channel, "ts": ts, "metadata": metadata, **body})
    return _stamp(answer)


async def search(peer: Peer, channel: str, delivery: str, oldest: float) -> str | None:
    """The time stamp of the message that `delivery` made since `oldest` (Unix seconds), None where there is none.

    Raises CallError; Unknown where the history is too long to be sure.
    """
    form = {"channel": channel, "oldest": f"{oldest:.6f}", "limit": "200", "include_all_metadata": "true"}
    for _ in range(PAGES):
        answer = await _call(peer, "conversations.history", FORM, urlencode(form).encode())
        messages, after = answer.get("messages"), answer.get("response_metadata")
        if not isinstance(messages, list):
            raise Unknown("conversations.history answered without messages")
        for message in messages:
            if _is_ours(message, delivery):
                return _stamp(message)
        cursor = after.get("next_cursor") if isinstance(after, dict) else None
        if not cursor:
            return None
        form = {**form, "cursor": str(cursor)[:1000]}
    raise Unknown(f"the channel's history is longer than {PAGES} pages")


def _is_ours(message: Any, delivery: str) -> bool:
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT:
        return False
    inner = metadata.get("event_payload")
    return isinstance(inner, dict) and inner.get("delivery_id") == delivery


def _stamp(answer: Mapping[str, Any]) -> str:
    ts = answer.get("ts")
    if not isinstance(ts, str) or not _TS.fullmatch(ts):
        raise Unknown("Slack answered ok without the message's time stamp")
    return ts


async def _say(peer: Peer, method: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return await _call(peer, method, "application/json", msgspec.json.encode(content))


async def _call(peer: Peer, method: str, kind: str, content: bytes) -> dict[str, Any]:
    """A good answer's fields. Raises CallError for every other."""
    headers = {"Authorization": f"Bearer {peer.secret()}", "Content-Type": kind}
    return _judge(method, await call("POST", peer.address + method, headers=headers, body=content, bounds=BOUNDS))


def _judge(method: str, response: Fetched) -> dict[str, Any]:
    limited = Limited("Slack", patience(response.headers.get("retry-after"), MOST_PATIENCE) or PATIENCE)
    if response.status == 429:
        raise limited
    try:
        answer = msgspec.json.decode(response.body, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unknown(f"{method}: it answered {response.status} without Slack's JSON") from None
    if answer.get("ok") is True and 200 <= response.status < 300:
        return answer
    error = answer.get("error")
    if answer.get("ok") is not False or not isinstance(error, str) or not _WORD.fullmatch(error):
        raise Unknown(f"{method}: it answered {response.status} without Slack's JSON")
    if error in ("ratelimited", "rate_limited"):
        raise limited
    raise Unknown(f"{method}: {error}") if error in _UNSURE else Refused(error)
