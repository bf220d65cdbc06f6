"""Sessions over HTTP: who is signed in, and ending that for somebody else. One's own ends by `/logout`."""

from typing import TYPE_CHECKING

from needlework.bus.errors import NotFound
from needlework.bus.permissions import WORKSPACES_WRITE
from needlework.http.inputs import read_nothing, read_query
from needlework.http.replies import json_response
from needlework.http.routes import Caller, Endpoint, answering
from needlework.http.settings import HttpSettings
from needlework.http.tokens import shown, within
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from needlework.bus.bus import Bus


class Sessions:
    """The routes about sessions of others."""

    def __init__(self, bus: "Bus", settings: HttpSettings) -> None:
        self._bus, self._settings = bus, settings

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file; as for tokens, even the list is for those who may write."""
        return [
            Endpoint(
                method="GET", path="/api/sessions", app=answering(self.all), permission=WORKSPACES_WRITE,
                tag="sessions", summary="The sessions that can still be used",
            ),
            Endpoint(
                method="DELETE", path="/api/sessions/{id}", app=answering(self.end), permission=WORKSPACES_WRITE,
                tag="sessions", summary="End somebody's session, its streams included",
            ),
        ]  # fmt: skip

    async def all(self, request: Request) -> Response:
        """The sessions within the caller's own workspaces."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        known = self._bus.workspaces.by_id
        found = [shown(record, known) for record in await self._bus.sessions.list() if within(caller, record)]
        return json_response({"items": found})

    async def end(self, request: Request) -> Response:
        """End a session; 404 for one outside the caller's workspaces, as for one that never was."""
        await read_nothing(request, self._settings)
        caller: Caller = request.scope["caller"]
        ident = request.path_params["id"]
        if not any(record.id == ident and within(caller, record) for record in await self._bus.sessions.list()):
            raise NotFound("no such session")
        await self._bus.sessions.end(caller.requester, ident)
        return json_response({"id": ident, "ended": True})
