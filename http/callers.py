"""Who is calling, and in which workspace. Promises, section 2, steps 2, 4 and 5.

A presented token or session always decides. An invalid one is refused, never taken for nobody: a caller with
less right must not get more by presenting something broken.
"""

from ipaddress import ip_address
from typing import Protocol

from needlework.bus.clock import Clock
from needlework.bus.principals import LOCAL, Principal
from needlework.bus.sessions import SessionStore
from needlework.bus.tokens import TokenStore
from needlework.bus.workspaces import Workspace, WorkspaceStore
from needlework.http.denials import Failures, address_of
from needlework.http.headers import RequestHeaders
from needlework.http.problems import Problem
from needlework.http.settings import HttpSettings

DEFAULT_WORKSPACE = "default"


class People(Protocol):
    """The part of the bus that knows who may call."""

    clock: Clock
    tokens: TokenStore
    sessions: SessionStore
    workspaces: WorkspaceStore


class Callers:
    """Finds the principal and the workspace of a request from its headers."""

    def __init__(self, people: People, settings: HttpSettings) -> None:
        self._people, self._settings = people, settings
        self.failures = Failures(people.clock, settings.failures_per_minute)
        self.cookie, self._cookie_prefix = "", b""
        self.listens_on(settings.port)

    def listens_on(self, port: int) -> None:
        """Name the cookie after the port: cookies ignore ports, so servers on one host would share theirs."""
        self.cookie = f"nw_s_{port}"
        """The session cookie's name."""
        self._cookie_prefix = f"{self.cookie}=".encode()

    def owner(self, headers: RequestHeaders) -> Principal | None:
        """The owner, where nobody presents anything and that is enough here; None where `principal` must look."""
        if headers.forwarded or b"authorization" in headers or b"cookie" in headers:
            return None
        return None if self._settings.exposed or self._settings.require_token else LOCAL

    async def principal(self, headers: RequestHeaders, client: tuple[str, int] | None) -> Principal:
        """Who presents these headers. Raises 401 for nobody and for anything invalid, 429 for guessing."""
        authorization = headers.get(b"authorization")
        if authorization is not None:
            return await self._bearer(headers, authorization, self.origin(headers, client))
        cookie = headers.get(b"cookie")
        if cookie is not None and self._cookie_prefix in cookie:
            return await self._session(cookie, self.origin(headers, client))
        if self._settings.exposed or self._settings.require_token or not self._is_direct(headers):
            raise _unauthorized("a token is needed: Authorization: Bearer nw_…")
        return LOCAL

    async def verify_presented(self, headers: RequestHeaders, client: tuple[str, int] | None) -> None:
        """On public routes: a token that is presented must still be a good one."""
        authorization = headers.get(b"authorization")
        if authorization is not None:
            await self._bearer(headers, authorization, self.origin(headers, client))

    def home(self, principal: Principal, headers: RequestHeaders) -> Workspace | None:
        """The workspace `default` for a caller who names none and sees it; None where `workspace` must look."""
        default = self._people.workspaces.by_name.get(DEFAULT_WORKSPACE)
        named = b"x-workspace" in headers
        return None if named or default is None or not principal.sees(default.id) else default

    async def workspace(self, principal: Principal, headers: RequestHeaders) -> Workspace:
        """The one workspace that `principal` acts in: the one it names, its only one, or `default`.

        Raises Problem 404 for one that it can't see, in the same words as for one that is not there.
        """
        store = self._people.workspaces
        named = headers.text(b"x-workspace")
        if named is not None:
            found = None if headers.is_repeated(b"x-workspace") else await store.get(named)
            if found is None or not principal.sees(found.id):
                raise Problem(
                    404,
                    "not_found",
                    "no such workspace; GET /api/workspaces lists yours, needlework workspace list too",
                )
            return found
        default = self.home(principal, headers)
        if default is not None:
            return default
        if principal.workspaces is not None and len(principal.workspaces) == 1:
            only = store.by_id.get(next(iter(principal.workspaces)))
            if only is not None:
                return only
        raise Problem(400, "workspace_required", "this token covers several workspaces: name one in X-Workspace")

    def origin(self, headers: RequestHeaders, client: tuple[str, int] | None) -> str:
        """The address that failures are counted for; the proxy's word only where the proxy is trusted."""
        if self._settings.trust_proxy:
            forwarded = headers.text(b"x-forwarded-for")
            if forwarded is not None:  # the last entry is the trusted proxy's own
                return address_of((forwarded.rpartition(",")[2].strip()[:64], 0))
        return address_of(client)

    def scheme(self, headers: RequestHeaders, scheme: str) -> str:
        """`http` or `https` as the browser sees it."""
        if self._settings.trust_proxy and headers.get(b"x-forwarded-proto") in (b"http", b"https"):
            return headers.text(b"x-forwarded-proto") or scheme
        return scheme

    def _is_direct(self, headers: RequestHeaders) -> bool:
        """Whether nobody forwarded this request. Through a tunnel strangers arrive from 127.0.0.1 too."""
        if not headers.forwarded:
            return True
        if not self._settings.trust_proxy:
            return False
        try:
            return ip_address(self.origin(headers, None)).is_loopback
        except ValueError:
            return False

    async def _bearer(self, headers: RequestHeaders, authorization: bytes, origin: str) -> Principal:
        scheme, _, text = authorization.decode("latin-1").partition(" ")
        token = text.strip() if scheme.lower() == "bearer" and not headers.is_repeated(b"authorization") else ""
        # A good one always passes: behind a proxy all callers share one address with whoever guesses.
        principal = self._people.tokens.cached(token) or await self._people.tokens.check(token)
        if principal is None:
            raise self.failed(origin, "this token is not valid")
        return principal

    async def _session(self, cookie: bytes, origin: str) -> Principal:
        own = [part for part in map(bytes.strip, cookie.split(b";")) if part.startswith(self._cookie_prefix)]
        # Two of ours: another server on this host has planted one. Neither is believed.
        value = own[0].partition(b"=")[2].decode("latin-1") if len(own) == 1 else ""
        principal = await self._people.sessions.check(value)
        if principal is None:
            raise self.failed(origin, "this session has ended; sign in again")
        return principal

    def failed(self, origin: str, detail: str) -> Problem:
        """401 for a wrong credential, 429 after too many of them from one address."""
        wait = self.failures.blocked(origin)
        if wait is not None:
            detail = "too many wrong tokens from this address; a good one still passes"
            return Problem(429, "too_many_failures", detail, retry_after=wait, close=True)
        self.failures.note(origin)
        return _unauthorized(detail, error="invalid_token")


def _unauthorized(detail: str, error: str | None = None) -> Problem:
    challenge = "Bearer" if error is None else f'Bearer error="{error}"'
    return Problem(401, "unauthorized", detail, headers={"www-authenticate": challenge}, close=True)
