"""Workspaces and their configuration."""

from typing import TYPE_CHECKING, Any, TypedDict

import msgspec
from needlework.bus.permissions import READ, WORKSPACES_WRITE
from needlework.http.inputs import read_object, read_query, read_record
from needlework.http.problems import Problem
from needlework.http.replies import json_response
from needlework.http.routes import Caller, Endpoint, answering
from needlework.http.settings import HttpSettings
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from needlework.bus.bus import Bus


class NewWorkspace(msgspec.Struct, forbid_unknown_fields=True):
    """What it takes to make a workspace."""

    name: str


class Rights(TypedDict):
    """Who calls, and what they may do."""

    name: str
    permissions: list[str]


class Here(TypedDict):
    """The current workspace and its caller."""

    name: str
    principal: Rights


class Config(TypedDict):
    """A workspace's configuration."""

    config: dict[str, Any]


class WorkspaceEntry(TypedDict):
    """A workspace."""

    name: str
    created_at: str


class WorkspaceList(TypedDict):
    """The caller's workspaces."""

    items: list[WorkspaceEntry]


class Workspaces:
    """The routes about workspaces."""

    def __init__(self, bus: "Bus", settings: HttpSettings) -> None:
        self._bus, self._settings = bus, settings

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        config, anything = "/api/workspace/config", dict[str, Any]
        made: list[tuple[str, str, Any, str, Any, Any]] = [
            ("GET", "/api/workspace", self.current, "The current workspace and who is calling", None, Here),
            ("GET", config, self.config, "The current workspace's configuration", None, Config),
            ("PUT", config, self.set_config, "Replace the configuration", anything, Config),
            ("GET", "/api/workspaces", self.all, "The workspaces that the caller may see", None, WorkspaceList),
            ("POST", "/api/workspaces", self.create, "Make a workspace", NewWorkspace, NewWorkspace),
        ]
        return [
            Endpoint(
                method=method,
                path=path,
                app=answering(answer),
                summary=summary,
                tag="workspaces",
                body=body,
                permission=READ if method == "GET" else WORKSPACES_WRITE,
                reply=reply,
                status=201 if method == "POST" else 200,
            )
            for method, path, answer, summary, body, reply in made
        ]

    async def current(self, request: Request) -> Response:
        """Where the caller is, and what they may do."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        principal = caller.principal
        rights = {"name": principal.name, "permissions": sorted(principal.permissions)}
        return json_response({"name": caller.workspace.name, "principal": rights})

    async def config(self, request: Request) -> Response:
        """The configuration, defaults filled in."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        return json_response({"config": await self._bus.workspaces.config(caller.workspace)})

    async def set_config(self, request: Request) -> Response:
        """Replace the configuration by the body: `{"config": {…}}`, or the settings themselves."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        body = await read_object(request, self._settings)
        config = body["config"] if list(body) == ["config"] and isinstance(body["config"], dict) else body
        kept = await self._bus.workspaces.set_config(caller.workspace, config, caller.requester)
        return json_response({"config": kept})

    async def all(self, request: Request) -> Response:
        """The workspaces of the caller; others are not even counted."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        store = self._bus.workspaces
        seen = {workspace.name for workspace in store.by_id.values() if caller.principal.sees(workspace.id)}
        return json_response({"items": [entry for entry in await store.list() if entry["name"] in seen]})

    async def create(self, request: Request) -> Response:
        """A new workspace; only for callers who may see every workspace, or they could not see it."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        wanted = await read_record(request, self._settings, NewWorkspace)
        if caller.principal.workspaces is not None:
            detail = "only a caller for all workspaces may make one"
            raise Problem(403, "all_workspaces_needed", detail)
        made = await self._bus.workspaces.create(wanted.name, caller.requester)
        return json_response({"name": made.name}, 201)
