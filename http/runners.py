"""Topics and runners: what there is, what it does just now, and holding it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec
from needlework.bus.errors import NotFound
from needlework.bus.permissions import READ, WORKSPACES_WRITE
from needlework.bus.plugins import POLICY
from needlework.bus.topicfile import nearest
from needlework.http.inputs import read_nothing, read_query
from needlework.http.problems import Problem
from needlework.http.replies import json_response
from needlework.http.routes import Caller, Endpoint, answering
from needlework.http.settings import HttpSettings
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from needlework.bus.bus import Bus
    from needlework.bus.registry import Topic

_PACKAGE = Path(__file__).parents[1]


class Counts(TypedDict):
    """A topic's deliveries."""

    unfinished: int
    waiting: int
    running: int
    dead: int


class RunnerEntry(TypedDict):
    """A runner, its policy, and its queue in this workspace."""

    id: str
    description: str
    mode: str
    concurrency: int
    paused: bool
    topics: list[str]
    waiting: int
    running: int
    scheduled: int
    parked: int
    dead: int
    live: bool
    schedule: str | None
    next_run: str | None
    last_run: str | None


class RunnerList(TypedDict):
    """Every runner."""

    items: list[RunnerEntry]


class TopicEntry(TypedDict):
    """A topic: how it is reached, who takes it, what it looks like."""

    topic: str
    summary: str
    route: str | None
    permission: str
    reply: str
    internal: bool
    query: bool
    key: list[str]
    runners: list[str]
    paused: bool
    origin: str
    policy: dict[str, Any]
    schema: dict[str, Any]


class TopicList(TypedDict):
    """Every topic."""

    items: list[TopicEntry]


class Held(TypedDict):
    """Whether a runner or topic is held now."""

    id: str
    paused: bool


class Runners:
    """The routes about topics and runners."""

    def __init__(self, bus: "Bus", settings: HttpSettings) -> None:
        self._bus, self._settings = bus, settings
        self._topics = [_describe(topic) for topic in bus.registry.topics.values()]

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        runner, topic = "/api/internal/runners/{id}", "/api/internal/pubsub/topics/{id}"
        made: list[tuple[str, str, Any, str, Any]] = [
            ("GET", topic[:-5], self.topics, "Every topic with its policy and schema", TopicList),
            ("GET", runner[:-5], self.runners, "Every runner and what waits for it", RunnerList),
            ("GET", "/api/internal/counts", self.counts, "Messages by topic and state", dict[str, Counts]),
            ("POST", f"{runner}/pause", self.pause, "Hold a runner", Held),
            ("POST", f"{runner}/resume", self.resume, "Let a held runner go on", Held),
            ("POST", f"{topic}/pause", self.pause_topic, "Hold a topic", Held),
            ("POST", f"{topic}/resume", self.resume_topic, "Let a held topic go on", Held),
        ]
        return [
            Endpoint(
                method=method,
                path=path,
                app=answering(answer),
                summary=summary,
                tag="runners",
                permission=READ if method == "GET" else WORKSPACES_WRITE,
                reply=reply,
            )
            for method, path, answer, summary, reply in made
        ]

    async def topics(self, request: Request) -> Response:
        """The topics as this process knows them, and which of them are held."""
        read_query(request)
        held = self._bus.controls.paused_topics
        return json_response({"items": [{**each, "paused": each["topic"] in held} for each in self._topics]})

    async def runners(self, request: Request) -> Response:
        """The runners with their queues in this workspace."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        return json_response({"items": await self._bus.runners(caller.workspace)})

    async def counts(self, request: Request) -> Response:
        """How many messages are in which state."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        return json_response(await self._bus.counts(caller.workspace))

    async def pause(self, request: Request) -> Response:
        """Hold a runner: what is due waits, what runs goes on."""
        return await self._hold(request, "runner", True)

    async def resume(self, request: Request) -> Response:
        """Let a runner go on."""
        return await self._hold(request, "runner", False)

    async def pause_topic(self, request: Request) -> Response:
        """Hold a topic, for all its runners."""
        return await self._hold(request, "topic", True)

    async def resume_topic(self, request: Request) -> Response:
        """Let a topic go on."""
        return await self._hold(request, "topic", False)

    async def _hold(self, request: Request, kind: Any, hold: bool) -> Response:
        await read_nothing(request, self._settings)
        caller: Caller = request.scope["caller"]
        name = request.path_params["id"]
        known = self._bus.registry.runners if kind == "runner" else self._bus.registry.topics
        if name not in known:
            raise NotFound(f"no {kind} {name[:100]!r}{nearest(name[:100], known)}")
        if caller.principal.workspaces is not None:  # a hold is for all workspaces of the installation
            raise Problem(403, "all_workspaces_needed", "only a caller for all workspaces may hold work")
        if hold:
            await self._bus.pause(name, caller.requester, kind=kind)
        else:
            await self._bus.resume(name, caller.requester, kind=kind)
        return json_response({"id": name, "paused": hold})


def origin_of(topic: "Topic") -> str:
    """The built-in policy file, or the plug-in that brought the topic; never where that lies on this machine."""
    path = Path(topic.origin)
    if path.name != POLICY:
        return path.stem
    return POLICY if path.parent == _PACKAGE else path.parent.name


def _describe(topic: "Topic") -> dict[str, Any]:
    policy = topic.policy
    schema, parts = msgspec.json.schema_components([topic.type], ref_template="#/components/{name}")
    return {
        "topic": topic.name,
        "summary": policy.summary,
        "route": policy.route,
        "permission": policy.permission,
        "reply": policy.reply,
        "internal": policy.internal,
        "query": policy.query,
        "key": list(topic.key_fields),
        "runners": list(topic.runners),
        "origin": origin_of(topic),
        "policy": msgspec.to_builtins(policy),
        "schema": {**schema[0], "components": parts},
    }
