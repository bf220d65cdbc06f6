"""Calls of GitHub's REST API: bounded in time and size, and exact about what is known afterwards."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from needlework.bus.clock import SECOND, rfc3339
from needlework.bus.peers import Peer
from needlework.handlers.net.fetch import Bounds, Fetched, call
from needlework.handlers.net.outcomes import Limited, Refused, Unknown, patience

BOUNDS = Bounds(connect=5.0, total=15.0, size=8 * 1024 * 1024)
PATIENCE, MOST_PATIENCE = 60.0, 3_600.0
"""Seconds to wait where GitHub asks for patience and does not say how long; seconds at most, whatever it says."""
PAGES, PAGE = 10, 100
SKEW = 600 * SECOND
"""Microseconds by which GitHub's clock and ours may differ."""
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_URL = re.compile(r"https?://[^\s<>\"']{1,500}")


class Issue(NamedTuple):
    """An issue that is there."""

    number: int
    url: str | None


def mark(id: str) -> str:
    """What stands in an issue's text, invisible, so that it is found again."""
    return f"<!-- needlework:{id} -->"


async def create(peer: Peer, repository: str, id: str, title: str, body: str, now: int) -> Issue:
    """Open an issue that can be found again by `id`. Raises CallError."""
    content = msgspec.json.encode({"title": title, "body": f"{body}\n\n{mark(id)}"})
    answer = await _call(peer, "POST", f"repos/{repository}/issues", content)
    _judge(answer, repository, 201, now)
    found = _issue(_decoded(answer))
    if found is None:
        raise Unknown("GitHub answered 201 without the issue's number")
    return found


async def find(peer: Peer, repository: str, id: str, since: int, now: int) -> Issue | None:
    """The issue that `id` made since a time (microseconds), None where there is none.

    Raises CallError; Unknown where there are too many to be sure. It reads the list, since the search lags.
    """
    query = {
        "state": "all",
        "sort": "created",
        "direction": "desc",
        "per_page": PAGE,
        "since": rfc3339((since - SKEW) // SECOND * SECOND),
    }
    for page in range(1, PAGES + 1):
        answer = await _call(peer, "GET", f"repos/{repository}/issues?{urlencode({**query, 'page': page})}")
        _judge(answer, repository, 200, now)
        listed = _decoded(answer)
        if not isinstance(listed, list):
            raise Unknown("GitHub answered without a list of issues")
        for each in listed:
            if isinstance(each, dict) and isinstance(each.get("body"), str) and mark(id) in each["body"]:
                found = _issue(each)
                if found is not None:
                    return found
        if len(listed) < PAGE:
            return None
    raise Unknown(f"{repository} has more than {PAGES * PAGE} new issues")


async def _call(peer: Peer, method: str, path: str, content: bytes | None = None) -> Fetched:
    headers = {
        "Authorization": f"Bearer {peer.secret()}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "Content-Type": "application/json",
    }
    return await call(method, peer.address + path, headers=headers, body=content, bounds=BOUNDS)


def _judge(answer: Fetched, repository: str, good: int, now: int) -> None:
    """Raise CallError for every answer but the good one."""
    status = answer.status
    if status == good:
        return
    if status == 429 or (status == 403 and _is_limit(answer)):
        raise Limited("GitHub", _patience(answer.headers, now))
    if status == 401:
        raise Refused("GitHub refused the token (401): it is wrong, or has expired")
    if status == 403:
        raise Refused(f"the token may not do this in {repository} (403): it needs the right to write issues")
    if status in (404, 410):
        raise Refused(f"no issues in {repository} ({status}): not there, hidden from the token, or switched off")
    if status == 422:
        raise Refused(f"GitHub found the issue wrong (422){_codes(answer)}")
    if 300 <= status < 400:
        raise Refused(f"{repository} has moved ({status}): write its new name into github_repository")
    if 400 <= status < 500 and status != 408:
        raise Refused(f"GitHub answered {status}")
    raise Unknown(f"GitHub answered {status}")


def _is_limit(answer: Fetched) -> bool:
    """Whether a 403 asks for patience; of a secondary limit its message alone may tell."""
    if "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0":
        return True
    try:
        return "rate limit" in str(_decoded(answer)["message"]).lower()
    except (Unknown, KeyError, TypeError):
        return False


def _patience(headers: Mapping[str, str], now: int) -> float:
    """Seconds of `Retry-After`, else until a used-up limit is reset; ours where it says none, at most an hour."""
    stated = patience(headers.get("retry-after"), MOST_PATIENCE)
    reset = headers.get("x-ratelimit-reset") if headers.get("x-ratelimit-remaining") == "0" else None
    return stated or patience(reset, MOST_PATIENCE, now / SECOND) or PATIENCE


def _decoded(answer: Fetched) -> Any:
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unknown(f"GitHub answered {answer.status} without JSON") from None


def _issue(found: Any) -> Issue | None:
    number = found.get("number") if isinstance(found, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 1 << 53:
        return None
    url = found.get("html_url")
    return Issue(number, url if isinstance(url, str) and _URL.fullmatch(url) else None)


def _codes(answer: Fetched) -> str:
    """GitHub's own words for what is wrong, where they are words."""
    try:
        errors = _decoded(answer).get("errors", [])
        named = [f"{each['field']} {each['code']}" for each in errors if isinstance(each, dict)]
    except (Unknown, AttributeError, KeyError, TypeError):
        return ""
    told = [each for each in named[:5] if all(_CODE.fullmatch(word) for word in each.split())]
    return f": {', '.join(told)}" if told else ""
