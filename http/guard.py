"""The outermost layer: every request passes it, http and websocket alike, before its body is read.

The order is the one that the promises give (section 2): host, forwarding, origin, principal, permission and
workspace, size and media type, then the endpoint. Whatever goes wrong, here or inside, is rendered here,
once, and every answer leaves with the security headers.
"""

import itertools
import secrets
from time import perf_counter
from typing import cast

from needlework.bus.permissions import Permission
from needlework.http import problems
from needlework.http.callers import Callers
from needlework.http.denials import DenialLog
from needlework.http.headers import RequestHeaders
from needlework.http.hosts import HostRule, OriginRule
from needlework.http.metrics import Metrics
from needlework.http.outgoing import Outgoing
from needlework.http.problems import Disconnected, Problem
from needlework.http.routes import PUBLIC, Caller, Found, RouteTable
from needlework.http.settings import HttpSettings
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

_DENIALS = frozenset((401, 403, 421, 429))
_HTTP = {"ws": "http", "wss": "https"}
_PREFLIGHT = b"access-control-request-method"


class Guard:
    """The ASGI application: admits a request or refuses it, and hands it to its endpoint."""

    def __init__(
        self,
        routes: RouteTable,
        callers: Callers,
        settings: HttpSettings,
        denials: DenialLog,
        metrics: Metrics,
    ) -> None:
        self.routes, self.callers, self.settings = routes, callers, settings
        self.denials, self.metrics = denials, metrics
        self.hosts, self.origins = HostRule(settings), OriginRule(settings)
        self._request_ids = map(f"req_{secrets.token_hex(5)}{{:06x}}".format, itertools.count(1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        reply = Outgoing(scope, send, next(self._request_ids))
        headers = RequestHeaders(scope["headers"])
        began, endpoint = perf_counter(), None
        try:
            found = self._address(scope, headers, reply)
            if found is not None:
                endpoint = found.endpoint
                await self._admit(scope, headers, found, reply)
                await endpoint.app(scope, receive, reply)
            else:
                await self._without_endpoint(scope, headers, reply)
        except Disconnected:
            if "abort" in scope:
                scope["abort"]()
        except Exception as error:
            await self._fail(scope, receive, headers, reply, error)
        finally:
            caller: Caller | None = scope.get("caller")
            workspace = 0 if caller is None else caller.workspace.id
            self.metrics.note(endpoint, workspace, reply.status, perf_counter() - began)

    def _address(self, scope: Scope, headers: RequestHeaders, reply: "Outgoing") -> Found | None:
        """Steps 1 and 3: is this request meant for us, and may its page call? The endpoint, if any."""
        host = self.hosts.check(headers, scope.get("server"))
        found = None if scope["type"] == "websocket" else self.routes.find(scope["method"], scope["path"])
        scheme = self.callers.scheme(headers, _HTTP.get(scope["scheme"]) or scope["scheme"])
        navigates = found is not None and found.endpoint.page and scope["method"] == "GET"
        reply.allow_origin = self.origins.check(headers, scheme, host, navigates)
        return found

    async def _admit(self, scope: Scope, headers: RequestHeaders, found: Found, reply: "Outgoing") -> None:
        """Steps 2, 4, 5 and 6: who calls, may they, is the body one that we take? Leaves a Caller behind."""
        endpoint = found.endpoint
        client = scope.get("client")
        scope["path_params"] = found.params
        scope["request_headers"] = headers
        if endpoint.permission is PUBLIC:
            await self.callers.verify_presented(headers, client)
            scope["request_id"] = reply.request_id
        else:
            # The usual caller is found without a coroutine: on the hot path each of them is half a microsecond.
            principal = self.callers.owner(headers) or await self.callers.principal(headers, client)
            reply.who = principal.name
            if not principal.may(cast(Permission, endpoint.permission)):
                detail = f"{endpoint.permission} is needed, and {principal.name} does not have it"
                raise Problem(403, "permission_missing", detail)
            workspace = self.callers.home(principal, headers) or await self.callers.workspace(principal, headers)
            scope["caller"] = Caller(principal, workspace, reply.request_id, client)
        _check_body(headers, self.settings.upload_limit if endpoint.upload else self.settings.body_limit)

    async def _without_endpoint(self, scope: Scope, headers: RequestHeaders, reply: "Outgoing") -> None:
        """No endpoint: a preflight of an allowed page, OPTIONS, a wrong method, an unknown path."""
        if scope["type"] == "websocket":
            raise Problem(404, "not_found", "nothing here speaks WebSocket")
        preflight = scope["method"] == "OPTIONS" and headers.get(_PREFLIGHT) is not None
        if not (preflight and reply.allow_origin):
            reply.who = (await self.callers.principal(headers, scope.get("client"))).name
        allowed = self.routes.allowed(scope["path"])
        if not allowed:
            raise Problem(404, "not_found", "nothing is at this address; /openapi.json lists what there is")
        if scope["method"] != "OPTIONS":
            detail = f"{scope['method']} is not possible here; {', '.join(allowed)} are"
            raise Problem(405, "method_not_allowed", detail, headers={"allow": ", ".join(allowed)}, close=True)
        response = Response(status_code=204, headers={"allow": ", ".join(allowed)})
        if preflight and reply.allow_origin:
            response.headers["access-control-allow-methods"] = ", ".join(allowed)
            response.headers["access-control-allow-headers"] = (
                "authorization, content-type, idempotency-key, last-event-id, prefer, x-workspace"
            )
            response.headers["access-control-max-age"] = "600"
        await response(scope, _nothing, reply)

    async def _fail(
        self, scope: Scope, receive: Receive, headers: RequestHeaders, reply: "Outgoing", error: Exception
    ) -> None:
        response = problems.response(error, reply.request_id)
        if response.status_code in _DENIALS:
            target = f"{scope.get('method', 'WEBSOCKET')} {scope['path']}"
            code = error.code if isinstance(error, Problem) else str(response.status_code)
            origin = self.callers.origin(headers, scope.get("client"))
            self.denials.note(reply.who, code, target, reply.request_id, origin)
        if scope["type"] == "websocket":
            await receive()
            await reply.raw({"type": "websocket.close", "code": 1008, "reason": "refused"})
            return
        if reply.status:  # too late to say so in a response: the connection is cut, which the caller can see
            raise error
        await response(scope, receive, reply)


def _check_body(headers: RequestHeaders, limit: int) -> None:
    """Step 6, from the headers alone: size, media type, encoding. Raises Problem 413, 415 or 400."""
    length = headers.get(b"content-length")
    if length is not None:
        if headers.is_repeated(b"content-length") or not length.isdigit():
            raise Problem(400, "bad_content_length", "Content-Length is not one number", close=True)
        if len(length) > 18 or int(length) > limit:
            raise Problem(413, "too_large", f"a request body is at most {limit} bytes", close=True)
    media = headers.get(b"content-type")
    if media is not None and media[:10].lower() == b"multipart/":
        raise Problem(415, "unsupported_media_type", "send JSON instead of multipart form data", close=True)
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
        raise Problem(415, "unsupported_encoding", "send the body without Content-Encoding", close=True)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing is opened or closed here: whoever composes the server owns the bus."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
