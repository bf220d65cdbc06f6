"""What became of messages: states, reasons, events, batches. The work itself is in `operations.py`."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from needlework.bus.ids import message_seq
from needlework.bus.permissions import READ, WORKSPACES_WRITE
from needlework.bus.records import EventRecord, Reset
from needlework.http import preferences
from needlework.http.batches import batch_progress
from needlework.http.event_stream import EventStream
from needlework.http.inputs import read_choice, read_limit, read_nothing, read_query, wrong
from needlework.http.replies import json_response
from needlework.http.routes import Caller, Endpoint, Parameter, answering
from needlework.http.settings import HttpSettings
from needlework.http.streams import Streams
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

STATES = ("waiting", "running", "parked", "done", "refused", "dead", "cancelled")
_FINISHED = frozenset(("done", "refused", "dead", "cancelled"))
_PUBSUB = "/api/internal/pubsub"
_AFTER = Parameter(
    "after",
    int,
    "the event after which to go on; as Last-Event-ID",
    bounds={"minimum": 0, "maximum": preferences.LAST_EVENT},
)


class Messages:
    """The routes about messages."""

    def __init__(self, bus: "Bus", streams: Streams, settings: HttpSettings) -> None:
        self._bus, self._streams, self._settings = bus, streams, settings

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        page = (
            Parameter("topic"), Parameter("state", bounds={"enum": list(STATES)}), Parameter("batch"),
            Parameter("limit", int, bounds={"minimum": 1, "maximum": 500, "default": 50}), Parameter("cursor"),
        )  # fmt: skip
        return [
            _get(f"{_PUBSUB}/messages", self.page, "Messages, newest first", query=page),
            _get(f"{_PUBSUB}/messages/{{id}}", self.one, "One message: state, deliveries, result, attempts"),
            _get(f"{_PUBSUB}/messages/{{id}}/explain", self.explain, "Why a message is not running"),
            _get(f"{_PUBSUB}/messages/{{id}}/events", self.events_of, "A message's events", (_AFTER,), True),
            _get(
                f"{_PUBSUB}/events",
                self.events,
                "Events of the workspace",
                (Parameter("topic"), _AFTER),
                True,
            ),
            _get("/api/internal/batches/{id}", self.batch, "How far a batch is", (_AFTER,), True),
            Endpoint(
                method="POST",
                path=f"{_PUBSUB}/messages/{{id}}/cancel",
                app=answering(self.cancel),
                permission=WORKSPACES_WRITE,
                summary="Cancel what of a message has not finished",
                tag="messages",
            ),
        ]

    async def page(self, request: Request) -> Response:
        """A page of messages by topic, state and batch."""
        caller: Caller = request.scope["caller"]
        values = read_query(request, "topic", "state", "batch", "limit", "cursor")
        _check_cursor(values.get("cursor"))
        found = await self._bus.messages(
            caller.workspace,
            topic=values.get("topic"),
            state=read_choice(values, "state", STATES),
            batch=values.get("batch"),
            limit=read_limit(values),
            cursor=values.get("cursor"),
        )
        return json_response(found)

    async def one(self, request: Request) -> Response:
        """Everything about one message."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        return json_response(await self._bus.message(caller.workspace, request.path_params["id"]))

    async def explain(self, request: Request) -> Response:
        """Why each delivery of a message is where it is."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        return json_response(await self._bus.explain(caller.workspace, request.path_params["id"]))

    async def cancel(self, request: Request) -> Response:
        """Call a message off; 409 when nothing of it is left to cancel."""
        await read_nothing(request, self._settings)
        caller: Caller = request.scope["caller"]
        ident = request.path_params["id"]
        return json_response(await self._bus.cancel(caller.workspace, ident, caller.requester))

    async def events_of(self, request: Request) -> Response:
        """The events of one message from its beginning, or after the last one that the reader has.

        204 tells an EventSource that nothing will come any more: it stops connecting.
        """
        caller: Caller = request.scope["caller"]
        after = self._after(request, "after")
        status = await self._bus.message(caller.workspace, request.path_params["id"])
        events = self._bus.events(workspace=caller.workspace, after=after, message=status["id"])
        if after is not None and status["state"] in _FINISHED:
            first = await anext(aiter(events), None)
            if first is None:
                return Response(status_code=204)
            events = _again(first, events)
        return EventStream(self._streams, caller, events)

    async def events(self, request: Request) -> Response:
        """All events of the workspace, or of one topic in it, from now on or after a resume point."""
        caller: Caller = request.scope["caller"]
        topic = read_query(request, "after", "topic").get("topic")
        if topic is not None:
            self._bus.registry.topic(topic)
        after = self._after(request, "after", "topic")
        return EventStream(
            self._streams, caller, self._bus.events(workspace=caller.workspace, after=after, topic=topic)
        )

    async def batch(self, request: Request) -> Response:
        """How many messages of a batch are done; as a stream, its state whenever that changes."""
        caller: Caller = request.scope["caller"]
        self._after(request, "after")
        state = await self._bus.batch(caller.workspace, request.path_params["id"])
        if preferences.wants_stream(request.scope["request_headers"]):
            return EventStream(self._streams, caller, batch_progress(self._bus, caller.workspace, state["batch_id"]))
        return json_response(state)

    def _after(self, request: Request, *names: str) -> int | None:
        values = read_query(request, *names)
        return preferences.resume_point(request.scope["request_headers"], values.get("after"))


def _check_cursor(cursor: str | None) -> None:
    try:
        if cursor is not None:
            message_seq(cursor)
    except ValueError:
        raise wrong("cursor", "is not one that a page gave") from None


async def _again(first: EventRecord | Reset, rest: Any) -> AsyncIterator[EventRecord | Reset]:
    """The event that was taken to look, then the others."""
    yield first
    async for event in rest:
        yield event


def _get(path: str, answer: Any, summary: str, query: tuple[Parameter, ...] = (), streams: bool = False) -> Endpoint:
    media = "text/event-stream" if path.endswith("events") else "application/json"
    return Endpoint(
        method="GET", path=path, app=answering(answer), permission=READ, summary=summary, tag="messages",
        query=query, streams=streams, media=media,
    )  # fmt: skip
