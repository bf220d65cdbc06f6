"""The table of routes. None can be made without a permission; a literal path is one look-up away.

Starlette's router is not used: the permission of a route must be known before anything of a request is read,
and the same table gives `/openapi.json`, `Allow`, the metrics' names and the test over every route.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final
from urllib.parse import quote

import msgspec
from needlework.bus.permissions import Permission
from needlework.bus.principals import Principal, Requester
from needlework.bus.registry import Topic
from needlework.bus.workspaces import Workspace
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

PUBLIC: Final = "public"
"""Instead of a permission: anybody may call it, without a token."""

SAFE = ("GET", "HEAD", "OPTIONS")
Answer = Callable[[Request], Awaitable[Response]]


class Caller(msgspec.Struct, frozen=True, gc=False):
    """What the guard found out about a request; endpoints take it from `scope["caller"]`."""

    principal: Principal
    workspace: Workspace
    request_id: str
    client: tuple[str, int] | None = None

    @property
    def requester(self) -> Requester:
        """Who it is and by which request, for the log."""
        return Requester(self.principal, self.request_id, self.client[0] if self.client is not None else "unix")


class Parameter(msgspec.Struct, frozen=True):
    """One query parameter, for the documents and for refusing unknown ones."""

    name: str
    type: Any = str
    about: str = ""
    required: bool = False
    bounds: dict[str, Any] = {}
    """What else its schema says, e.g. `{"minimum": 1}`."""


class Endpoint(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One method of one path: who may call it, what it takes and gives, and the ASGI app that answers."""

    method: str
    path: str
    app: ASGIApp
    permission: Permission | str
    summary: str
    tag: str = "server"
    page: bool = False
    """People may open it from a link on another site."""
    upload: bool = False
    """Its body may be as large as an upload."""
    body: Any = None
    """The type of its JSON body; None for no body."""
    reply: Any = Any
    status: int = 200
    query: tuple[Parameter, ...] = ()
    streams: bool = False
    """It can answer with Server-Sent Events."""
    topic: Topic | None = None
    media: str = "application/json"

    def __post_init__(self) -> None:
        if not self.permission:
            raise ValueError(f"{self.method} {self.path} declares no permission")


class Found(msgspec.Struct, frozen=True, gc=False):
    """An endpoint and the parameters in its path."""

    endpoint: Endpoint
    params: dict[str, str]


def answering(function: Answer) -> ASGIApp:
    """An ASGI app of a function from a request to a response."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await function(Request(scope, receive))
        await response(scope, receive, send)

    return app


class RouteTable:
    """All endpoints by path; built once. Raises ValueError where two claim one method of one path."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.endpoints: list[Endpoint] = []
        self._literal: dict[str, dict[str, Endpoint]] = {}
        self._patterns: dict[int, list[tuple[list[str], dict[str, Endpoint]]]] = {}
        self._moved: dict[str, Endpoint] = {}
        for endpoint in endpoints:
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        methods = self._methods(endpoint.path)
        if endpoint.method in methods:
            first = methods[endpoint.method]
            raise ValueError(f"{endpoint.method} {endpoint.path} is {first.summary!r} already")
        methods[endpoint.method] = endpoint
        self.endpoints.append(endpoint)
        if endpoint.page:
            self._moved[endpoint.path] = _without_slash(endpoint)

    def _methods(self, path: str) -> dict[str, Endpoint]:
        if "{" not in path:
            return self._literal.setdefault(path, {})
        parts = path.split("/")
        shape = [part if not part.startswith("{") else "{}" for part in parts]
        known = self._patterns.setdefault(len(parts), [])
        for other, methods in known:
            if [part if not part.startswith("{") else "{}" for part in other] == shape:
                return methods
        made: dict[str, Endpoint] = {}
        known.append((parts, made))
        known.sort(key=lambda entry: [part.startswith("{") for part in entry[0]])  # literal parts win
        return made

    def find(self, method: str, path: str) -> Found | None:
        """The endpoint of a request; HEAD is answered by GET's, a page's address with a slash behind by its way."""
        wanted = "GET" if method == "HEAD" else method
        methods = self._literal.get(path)
        if methods is not None:  # as in the document: a path that stands there is not the pattern beside it
            return Found(methods[wanted], {}) if wanted in methods else None
        parts = path.split("/")
        for pattern, methods in self._patterns.get(len(parts), ()):
            params = _fit(pattern, parts)
            if params is not None and wanted in methods:
                return Found(methods[wanted], params)
        moved = self._moved.get(path.rstrip("/")) if wanted == "GET" and path.endswith("/") else None
        return None if moved is None else Found(moved, {})

    def allowed(self, path: str) -> list[str]:
        """The methods that some endpoint of `path` takes; empty for an unknown path."""
        methods = set(self._literal.get(path, ()))
        parts = path.split("/")
        for pattern, others in self._patterns.get(len(parts), ()) if not methods else ():
            if _fit(pattern, parts) is not None:
                methods.update(others)
        if methods:
            methods.update(("OPTIONS", "HEAD") if "GET" in methods else ("OPTIONS",))
        return sorted(methods)


def _without_slash(page: Endpoint) -> Endpoint:
    """What answers `page`'s address with a slash behind it; in no table, so that no document names it.

    The way leads to the page's own path, never to what the request said, so that nobody is led elsewhere by `//host`.
    """

    async def away(request: Request) -> Response:
        query = quote(request.scope["query_string"], safe="!$%&'()*+,/:;=?@[]")
        return RedirectResponse(f"{page.path}?{query}" if query else page.path, 308)

    return Endpoint(
        method="GET",
        path=page.path,
        app=answering(away),
        permission=PUBLIC,
        summary=page.summary,
        tag=page.tag,
        page=True,
    )


def _fit(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            if not part or not part.isprintable() or "�" in part:
                return None
            params[expected[1:-1]] = part
        elif expected != part:
            return None
    return params
