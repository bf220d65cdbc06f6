"""Signing in: a ticket or a token for a session cookie. GET only shows the page; POST spends the ticket."""

import contextlib

import msgspec
from needlework.bus.errors import NotFound
from needlework.bus.permissions import READ, WORKSPACES_WRITE
from needlework.bus.principals import Principal
from needlework.http.callers import Callers, People
from needlework.http.inputs import read_nothing, read_query, read_record, wrong
from needlework.http.replies import json_response
from needlework.http.routes import PUBLIC, Caller, Endpoint, answering
from needlework.http.settings import HttpSettings
from starlette.requests import Request
from starlette.responses import Response


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """A ticket from the terminal, or a token."""

    ticket: str | None = None
    token: str | None = None


class SignIn:
    """The routes about sessions."""

    def __init__(self, people: People, callers: Callers, settings: HttpSettings) -> None:
        self._people, self._callers, self._settings = people, callers, settings

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        return [
            Endpoint(
                method="POST", path="/login", app=answering(self.sign_in), permission=PUBLIC, tag="sessions",
                summary="Exchange a ticket or a token for a session", body=Credentials,
            ),
            Endpoint(
                method="POST", path="/logout", app=answering(self.sign_out), permission=READ, tag="sessions",
                summary="End the session",
            ),
            Endpoint(
                method="POST", path="/api/tickets", app=answering(self.ticket), permission=WORKSPACES_WRITE,
                tag="sessions", summary="A single-use way in, good for a minute", status=201,
            ),
        ]  # fmt: skip

    async def sign_in(self, request: Request) -> Response:
        """A fresh session: an old one is never carried on, so nobody can plant one."""
        read_query(request)
        given = await read_record(request, self._settings, Credentials)
        if (given.ticket is None) == (given.token is None):
            raise wrong("ticket", "or token is needed, one of both")
        headers, client = request.scope["request_headers"], request.scope.get("client")
        origin = self._callers.origin(headers, client)
        cookie = await self._cookie(given, request.scope["request_id"], origin)
        if cookie is None:
            detail = "this ticket or token is not valid; tickets work once and for a minute"
            raise self._callers.failed(origin, detail)
        response = json_response({"status": "ok"})
        response.headers["set-cookie"] = self._set_cookie(cookie, request, 7 * 24 * 3600)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the caller's session; its cookie is worth nothing afterwards."""
        await read_nothing(request, self._settings)
        caller: Caller = request.scope["caller"]
        if caller.principal.name.startswith("session:"):
            with contextlib.suppress(NotFound):  # somebody else has ended it just now
                await self._people.sessions.end(caller.requester)
        response = json_response({"status": "ok"})
        response.headers["set-cookie"] = self._set_cookie("", request, 0)
        return response

    async def ticket(self, request: Request) -> Response:
        """A ticket with the caller's rights, for another browser of theirs."""
        await read_nothing(request, self._settings)
        caller: Caller = request.scope["caller"]
        return json_response({"ticket": await self._people.sessions.ticket(caller.requester)}, 201)

    async def _cookie(self, given: Credentials, request_id: str, origin: str) -> str | None:
        sessions = self._people.sessions
        if given.ticket is not None:
            return await sessions.redeem(given.ticket, request_id, origin)
        principal: Principal | None = await self._people.tokens.check(given.token or "")
        return None if principal is None else await sessions.open(principal, request_id, origin)

    def _set_cookie(self, value: str, request: Request, seconds: int) -> str:
        headers = request.scope["request_headers"]
        parts = [
            f"{self._callers.cookie}={value}",
            "Path=/",
            "HttpOnly",
            "SameSite=Strict",
            f"Max-Age={seconds}",
        ]
        if self._callers.scheme(headers, request.scope["scheme"]) == "https" or self._is_public_tls():
            parts.append("Secure")
        return "; ".join(parts)

    def _is_public_tls(self) -> bool:
        return (self._settings.public_url or "").startswith("https:")
