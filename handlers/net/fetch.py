"""Requests to addresses that somebody else has written: guarded, bounded, and quiet about why not."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx2
from needlework.handlers.net.addresses import is_opened, is_own, is_public
from needlework.handlers.net.outcomes import Refused, Unknown, Unsent

REDIRECTS = frozenset({301, 302, 303, 307, 308})
SECRETS = frozenset({"authorization", "cookie", "proxy-authorization"})
UNREACHABLE = "it cannot be reached, or is not one that may be"


class Bounds(NamedTuple):
    """How much one fetch may take: seconds and bytes."""

    connect: float = 10.0
    total: float = 30.0
    size: int = 5 * 1024 * 1024
    redirects: int = 3


DEFAULT = Bounds()


class Asked(NamedTuple):
    """What is asked of an address. `expected` are the statuses whose content is wanted, None for any."""

    method: str = "GET"
    body: bytes | None = None
    expected: frozenset[int] | None = frozenset({200})


class Fetched(NamedTuple):
    """What an address answered; `url` is where it came from after redirects."""

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str]


class _Target(NamedTuple):
    """Where to connect to: addresses that were tested, under the name that was asked for."""

    url: str
    addresses: list[str]
    host: str
    port: int


async def fetch(url: str, *, headers: Mapping[str, str] | None = None, bounds: Bounds = DEFAULT) -> Fetched:
    """The document at `url`, over http or https, after at most three redirects, each tested anew.

    Names are resolved once, every address is tested, and the connection goes to a tested one. 304 is an
    answer (for conditional requests). Raises CallError.
    """
    async with _in_time(url, bounds), _client(bounds) as client:
        return await _follow(client, url, dict(headers or {}), bounds)


async def call(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, bounds: Bounds = DEFAULT
) -> Fetched:
    """What a service that the administrator named answers, whatever its status; redirects are answers too.

    It may be on a private address, as the administrator says. Raises Unsent, Unknown.
    """
    async with _in_time(url, bounds), _client(bounds) as client:
        return await _ask(client, await _resolve(url, named=True), headers, bounds, Asked(method, body, None))


@asynccontextmanager
async def _in_time(url: str, bounds: Bounds) -> AsyncIterator[None]:
    """Bounds all of it. What is cut off may have been done. Raises Unknown."""
    try:
        async with asyncio.timeout(bounds.total):
            yield
    except TimeoutError:
        raise Unknown(f"{_shown(url)}: it took longer than {bounds.total:g} s") from None


def check_url(url: str) -> None:
    """Raise ValueError for what is no http or https address with a host, or holds a password."""
    shape = "an address is http:// or https:// with a host, for example https://example.org/team.ics"
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise ValueError(shape) from None
    if not known or any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise ValueError(shape)
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address must not hold a user or a password")


async def _follow(client: httpx2.AsyncClient, url: str, headers: dict[str, str], bounds: Bounds) -> Fetched:
    before: _Target | None = None
    for _ in range(bounds.redirects + 1):
        target = await _resolve(url)
        if before is not None and (before.host, before.port) != (target.host, target.port):
            headers = {name: value for name, value in headers.items() if name.lower() not in SECRETS}
        answer = await _ask(client, target, headers, bounds, Asked())
        place = answer.headers.get("location")
        if answer.status not in REDIRECTS or not place:
            return answer
        before, url = target, _joined(url, place)
    raise Refused(f"{_shown(url)}: more than {bounds.redirects} redirects")


def _joined(url: str, place: str) -> str:
    """Where a redirect leads. Raises Refused for what is no address."""
    try:
        return urljoin(url, place)
    except ValueError:
        raise Refused(f"{_shown(url)}: it redirects to what is no address") from None


def _client(bounds: Bounds) -> httpx2.AsyncClient:
    timeout = httpx2.Timeout(bounds.total, connect=bounds.connect)
    return httpx2.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)


async def _resolve(url: str, *, named: bool = False) -> _Target:
    """The tested addresses of a URL. One forbidden address among several is enough to refuse, but where the
    administrator named the host. Raises Unsent."""
    try:
        check_url(url)
    except ValueError as error:
        raise Unsent(f"{_shown(url)}: {error}") from None
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii")
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unsent(f"{_shown(url)}: {UNREACHABLE}") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = named or is_opened(host, port) or all(map(is_public, addresses))
    if not addresses or not allowed or any(is_own(each, port) for each in addresses):
        raise Unsent(f"{_shown(url)}: {UNREACHABLE}")
    return _Target(url, addresses, host, port)


async def _ask(
    client: httpx2.AsyncClient, target: _Target, headers: Mapping[str, str], bounds: Bounds, asked: Asked
) -> Fetched:
    """Ask the first address that lets itself be connected to: a host may have some that are dead."""
    for address in target.addresses:
        try:
            response = await client.send(_request(client, target, address, headers, asked), stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL):
            continue
        except (httpx2.HTTPError, OSError, ValueError):
            raise Unknown(f"{_shown(target.url)}: it broke off before it answered") from None
        try:
            return await _read(response, target, bounds, asked)
        finally:
            await response.aclose()
    raise Unsent(f"{_shown(target.url)}: {UNREACHABLE}")


def _request(
    client: httpx2.AsyncClient, target: _Target, address: str, headers: Mapping[str, str], asked: Asked
) -> httpx2.Request:
    """Raises httpx2.InvalidURL."""
    parts = urlsplit(target.url)
    place, name = (f"[{each}]" if ":" in each else each for each in (address, target.host))
    url = parts._replace(netloc=f"{place}:{target.port}", fragment="").geturl()
    host = name if parts.port is None else f"{name}:{target.port}"
    # compressed answers can be small on the wire and huge here: none are asked for, none are taken
    sent = {"User-Agent": "needlework", "Accept-Encoding": "identity", **headers, "Host": host}
    extensions = {"sni_hostname": target.host, "timeout": client.timeout.as_dict()}
    return client.build_request(asked.method, url, headers=sent, content=asked.body, extensions=extensions)


async def _read(response: httpx2.Response, target: _Target, bounds: Bounds, asked: Asked) -> Fetched:
    headers = {name.lower(): value for name, value in response.headers.items()}
    status = response.status_code
    if status in REDIRECTS or status == 304:
        return Fetched(target.url, status, b"", headers)
    if asked.expected is not None and status not in asked.expected:
        raise Refused(f"{_shown(target.url)}: it answered {status}")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Unknown(f"{_shown(target.url)}: it answered compressed, which was not asked for")
    body = bytearray()
    try:
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > bounds.size:
                raise Unknown(f"{_shown(target.url)}: it is larger than {bounds.size} bytes")
    except (httpx2.HTTPError, OSError):
        raise Unknown(f"{_shown(target.url)}: the answer was cut") from None
    return Fetched(target.url, status, bytes(body), headers)


def _shown(url: str) -> str:
    """An address without its query, which may hold a secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:200]
    except ValueError:
        return "the address"
