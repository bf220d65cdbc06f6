"""Is this request meant for us, and does it come from a page of ours? Promises, section 2, steps 1 and 3.

Both checks compare exactly. A name that a stranger controls can be made to resolve to this machine, and any
page in the user's browser can send requests here: neither may be believed by its looks.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from needlework.http.headers import RequestHeaders
from needlework.http.problems import Problem
from needlework.http.settings import HttpSettings

_HOST = re.compile(rb"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_REMEMBERED = 64


class HostRule:
    """Which values of `Host` name this server: localhost at any port, what was allowed, own addresses."""

    def __init__(self, settings: HttpSettings) -> None:
        names = {"localhost", "127.0.0.1", "[::1]"}
        names.update(name.casefold() for name in settings.allowed_hosts)
        if settings.public_url:
            names.add(_hostname(settings.public_url))
        self._names = frozenset(name.encode() for name in names)
        self._exposed = settings.exposed
        self._accepted: set[bytes] = set()

    def check(self, headers: RequestHeaders, server: tuple[str, int | None] | None) -> bytes:
        """The host, case-folded. Raises Problem 421 for one that is missing, doubled or not ours."""
        host = headers.get(b"host")
        if host in self._accepted and not headers.repeated:
            return host
        if host is None or headers.is_repeated(b"host"):
            raise _misdirected("exactly one Host header is needed")
        folded = host.lower()
        match = _HOST.fullmatch(folded)
        if match is None or (match[2] is not None and not 0 < int(match[2]) < 65536):
            raise _misdirected("the Host header is not a host name")
        if match[1] not in self._names and not (self._exposed and _is_own(match[1], server)):
            shown = match[1].decode()
            raise _misdirected(f"this server is not {shown!r}; start with --allowed-host {shown} if it is meant")
        if folded == host and match[1] in self._names and len(self._accepted) < _REMEMBERED:
            self._accepted.add(host)
        return folded


class OriginRule:
    """Which pages may call: our own, and those allowed by name."""

    def __init__(self, settings: HttpSettings) -> None:
        self._allowed = frozenset(origin.rstrip("/").casefold() for origin in settings.allow_origins)
        self._public = settings.public_url.rstrip("/").casefold() if settings.public_url else None

    def check(self, headers: RequestHeaders, scheme: str, host: bytes, navigates: bool) -> str | None:
        """The allowed foreign origin, or None. Raises Problem 403 for a page that may not call.

        `navigates`: the route is a page that people may open from a link elsewhere.
        """
        origin = headers.text(b"origin")
        if origin is None:
            self._check_fetch_site(headers, navigates)
            return None
        if headers.is_repeated(b"origin"):
            raise _foreign("more than one Origin")
        folded = origin.casefold()
        if folded in self._allowed and folded != "null":
            return origin
        if folded == self._public or _same_origin(folded, scheme, host.decode()):
            return None
        raise _foreign(f"pages of {origin[:100]!r} may not call this server; --allow-origin names those that may")

    def _check_fetch_site(self, headers: RequestHeaders, navigates: bool) -> None:
        site = headers.get(b"sec-fetch-site")
        if site is None or (site in (b"same-origin", b"none") and not headers.is_repeated(b"sec-fetch-site")):
            return
        opened = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
        if not (navigates and opened and headers.repeated is None):
            raise _foreign("a page of another site may not call this server")


def _same_origin(origin: str, scheme: str, host: str) -> bool:
    if origin == f"{scheme}://{host}":
        return True
    name, _, port = host.rpartition(":")
    if name and port == _DEFAULT_PORTS.get(scheme):  # browsers leave the default port out of Origin
        return origin == f"{scheme}://{name}"
    return False


def _hostname(url: str) -> str:
    name = urlsplit(url).hostname or ""
    return f"[{name}]" if ":" in name else name


def _is_own(host: bytes, server: tuple[str, int | None] | None) -> bool:
    """Whether `host` is the literal address on which this connection arrived; a literal can't be rebound."""
    if server is None:
        return False
    try:
        here = ipaddress.ip_address(server[0].partition("%")[0])
        named = ipaddress.ip_address(host.decode().strip("[]"))
    except ValueError:
        return False
    return named == here and not named.is_unspecified


def _misdirected(detail: str) -> Problem:
    return Problem(421, "misdirected_request", detail, close=True)


def _foreign(detail: str) -> Problem:
    return Problem(403, "foreign_origin", detail, close=True)
