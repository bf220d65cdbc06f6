"""Tokens over HTTP: made, listed, revoked. Nobody grants more than they hold; a secret is shown once."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.permissions import WORKSPACES_WRITE, Permission
from needlework.bus.sessions import SessionRecord
from needlework.bus.tokens import TokenRecord
from needlework.bus.workspaces import Workspace
from needlework.http.inputs import read_nothing, read_query, read_record, wrong
from needlework.http.moments import WrongTime, parse_moment
from needlework.http.problems import Problem
from needlework.http.replies import json_response
from needlework.http.routes import Caller, Endpoint, answering
from needlework.http.settings import HttpSettings
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from needlework.bus.bus import Bus


class NewToken(msgspec.Struct, forbid_unknown_fields=True):
    """What it takes to make a token. Without `workspaces` it covers all that the caller covers."""

    name: str
    permissions: list[Permission]
    workspaces: list[str] | None = None
    expires_at: int | float | str | None = None


class Tokens:
    """The routes about tokens."""

    def __init__(self, bus: "Bus", settings: HttpSettings) -> None:
        self._bus, self._settings = bus, settings

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file. Even the list is for those who may write: it says who has access."""
        made: list[tuple[str, str, Any, str, Any, int]] = [
            ("GET", "/api/tokens", self.all, "Tokens, without their secrets", None, 200),
            ("POST", "/api/tokens", self.create, "Make a token; its text is shown this once", NewToken, 201),
            ("DELETE", "/api/tokens/{id}", self.revoke, "Revoke a token, its streams included", None, 200),
        ]
        return [
            Endpoint(
                method=method,
                path=path,
                app=answering(answer),
                permission=WORKSPACES_WRITE,
                summary=summary,
                tag="tokens",
                body=body,
                status=status,
            )
            for method, path, answer, summary, body, status in made
        ]

    async def all(self, request: Request) -> Response:
        """The tokens within the caller's own workspaces."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        known = self._bus.workspaces.by_id
        return json_response({"items": [shown(record, known) for record in await self._visible(caller)]})

    async def create(self, request: Request) -> Response:
        """A new token with at most the caller's rights."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        wanted = await read_record(request, self._settings, NewToken)
        permissions, workspaces = frozenset(wanted.permissions), self._numbers(wanted, caller)
        if not caller.principal.covers(permissions, workspaces):
            missing = sorted(permissions - caller.principal.permissions)
            detail = f"nobody grants more than they hold: {', '.join(missing) or 'these workspaces'}"
            raise Problem(403, "permission_missing", detail)
        try:
            expires = None if wanted.expires_at is None else parse_moment(wanted.expires_at, "expires_at")
        except WrongTime as error:
            raise wrong(error.error.field, error.error.message, error.error.hint) from None
        text, record = await self._bus.tokens.create(wanted.name, permissions, workspaces, expires, caller.requester)
        return json_response({"token": text, **shown(record, self._bus.workspaces.by_id)}, 201)

    async def revoke(self, request: Request) -> Response:
        """End a token; 404 for one outside the caller's workspaces, as for one that never was."""
        await read_nothing(request, self._settings)
        caller: Caller = request.scope["caller"]
        ident = request.path_params["id"]
        if ident not in {record.id for record in await self._visible(caller)}:
            raise Problem(404, "not_found", "no such token")
        await self._bus.tokens.revoke(ident, caller.requester)
        return json_response({"id": ident, "revoked": True})

    async def _visible(self, caller: Caller) -> list[TokenRecord]:
        return [record for record in await self._bus.tokens.list() if within(caller, record)]

    def _numbers(self, wanted: NewToken, caller: Caller) -> frozenset[int] | None:
        if wanted.workspaces is None:
            return caller.principal.workspaces
        store = self._bus.workspaces
        numbers = set()
        for index, name in enumerate(wanted.workspaces):
            found = store.by_name.get(name)
            if found is None or not caller.principal.sees(found.id):
                raise wrong(f"workspaces[{index}]", "is no workspace of yours")
            numbers.add(found.id)
        return frozenset(numbers)


def within(caller: Caller, record: TokenRecord | SessionRecord) -> bool:
    """Whether a credential opens nothing but the caller's own workspaces; others are not even told of."""
    return caller.principal.covers(frozenset(), None if record.workspaces is None else frozenset(record.workspaces))


def shown(record: TokenRecord | SessionRecord, known: Mapping[int, Workspace]) -> dict[str, Any]:
    """A record with the names of its workspaces: their numbers mean nothing outside."""
    fields: dict[str, Any] = msgspec.to_builtins(record)
    if record.workspaces is not None:
        fields["workspaces"] = [known[number].name for number in record.workspaces if number in known]
    return fields
