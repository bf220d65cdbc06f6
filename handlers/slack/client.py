"""Calls of Slack's Web API: bounded in time and size, and exact about what is known afterwards."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec
from needlework.bus.peers import Peer

DEADLINE = 10.0
"""Seconds for one call, whatever it does."""
CONNECT = 5.0
LARGEST = 4 * 1024 * 1024
"""Bytes of an answer; 200 messages of history with their blocks stay far below."""
PATIENCE = 30.0
"""Seconds to wait where Slack says 429 and not how long."""
MOST_PATIENCE = 900.0
"""Seconds at most, whatever the answer says."""
EVENT = "needlework_delivery"
"""The type of the metadata by which a message is found again."""
PAGES = 10
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,10}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,79}")
_UNSURE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})


class SlackError(Exception):
    """A call that did not succeed; the text may be shown."""


class Unsent(SlackError):
    """No connection came about: Slack knows nothing of it."""


class Unknown(SlackError):
    """It was asked, and nobody knows whether it was done."""


class Refused(SlackError):
    """Slack said no, with this error's name; nothing was done."""


class Limited(SlackError):
    """Slack asks for patience, `seconds` long; nothing was done."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Slack asks to wait {seconds:g} s")
        self.seconds = seconds


async def post(peer: Peer, channel: str, body: Mapping[str, Any], delivery: str) -> str:
    """Post a message that can be found again by `delivery`; its time stamp. Raises SlackError."""
    metadata = {"event_type": EVENT, "event_payload": {"delivery_id": delivery}}
    answer = await _call(peer, "chat.postMessage", json={"channel": channel, "metadata": metadata, **body})
    return _stamp(answer)


async def update(peer: Peer, channel: str, ts: str, body: Mapping[str, Any], delivery: str) -> str:
    """Edit the message `ts`; the same again changes nothing. Raises SlackError."""
    metadata = {"event_type": EVENT, "event_payload": {"delivery_id": delivery}}
    answer = await _call(peer, "chat.update", json={"channel": channel, "ts": ts, "metadata": metadata, **body})
    return _stamp(answer)


async def search(peer: Peer, channel: str, delivery: str, oldest: float) -> str | None:
    """The time stamp of the message that `delivery` made since `oldest` (Unix seconds), None where there is none.

    Raises SlackError; Unknown where the history is too long to be sure.
    """
    form = {"channel": channel, "oldest": f"{oldest:.6f}", "limit": "200", "include_all_metadata": "true"}
    for _ in range(PAGES):
        answer = await _call(peer, "conversations.history", data=form)
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


async def _call(peer: Peer, method: str, **content: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {peer.secret()}", "User-Agent": "needlework", "Accept-Encoding": "identity"}
    try:
        async with (
            asyncio.timeout(DEADLINE),
            httpx2.AsyncClient(timeout=httpx2.Timeout(DEADLINE, connect=CONNECT), trust_env=False) as http,
            http.stream("POST", peer.address + method, headers=headers, **content) as response,
        ):
            return _judge(method, response, await _body(method, response))
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise Unsent(f"{method}: Slack cannot be reached: {type(error).__name__}") from None
    except TimeoutError:
        raise Unknown(f"{method}: no answer within {DEADLINE:g} s") from None
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise Unknown(f"{method}: the answer broke off: {type(error).__name__}") from None


async def _body(method: str, response: httpx2.Response) -> bytes:
    # compressed answers can be small on the wire and huge here: none are asked for, none are taken
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unknown(f"{method}: it answered compressed, which was not asked for")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > LARGEST:
            raise Unknown(f"{method}: the answer is larger than {LARGEST} bytes")
    return bytes(body)


def _judge(method: str, response: httpx2.Response, body: bytes) -> dict[str, Any]:
    """A good answer's fields. Raises SlackError for every other."""
    if response.status_code == 429:
        raise Limited(_patience(response.headers.get("retry-after")))
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unknown(f"{method}: it answered {response.status_code} without Slack's JSON") from None
    if answer.get("ok") is True and response.is_success:
        return answer
    error = answer.get("error")
    if answer.get("ok") is not False or not isinstance(error, str) or not _WORD.fullmatch(error):
        raise Unknown(f"{method}: it answered {response.status_code} without Slack's JSON")
    if error in ("ratelimited", "rate_limited"):
        raise Limited(_patience(response.headers.get("retry-after")))
    raise Unknown(f"{method}: {error}") if error in _UNSURE else Refused(error)


def _patience(stated: str | None) -> float:
    """Seconds of a `Retry-After`; ours where it says none, never more than MOST_PATIENCE."""
    if stated is None or not re.fullmatch(r"[0-9]{1,9}", stated.strip()):
        return PATIENCE
    return min(max(1.0, float(stated)), MOST_PATIENCE)
