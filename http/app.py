"""The HTTP layer in one piece: every part is made and joined here, in plain sight."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from needlework.bus.permissions import WORKSPACES_WRITE
from needlework.http.asyncapi import AsyncApi
from needlework.http.callers import Callers, People
from needlework.http.denials import DenialLog
from needlework.http.guard import Guard
from needlework.http.health import Health
from needlework.http.messages import Messages
from needlework.http.metrics import Metrics, MetricsPage
from needlework.http.openapi import OpenApi
from needlework.http.operations import operation_endpoints
from needlework.http.publish import Publish, Published, Publishing
from needlework.http.routes import Endpoint, RouteTable
from needlework.http.runners import Runners
from needlework.http.sessions import Sessions
from needlework.http.settings import HttpSettings
from needlework.http.sign_in import SignIn
from needlework.http.streams import Streams
from needlework.http.tokens import Tokens
from needlework.http.ui import START, Pages
from needlework.http.workspaces import Workspaces
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from needlework.bus.bus import Bus


class Application:
    """The ASGI application, and what a server must reach of it: the streams it ends, the routes it has."""

    def __init__(self, guard: Guard, streams: Streams, people: People, settings: HttpSettings) -> None:
        self.guard, self.streams, self.people, self.settings = guard, streams, people, settings
        self.routes: list[Endpoint] = guard.routes.endpoints

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """As ASGI has it; the guard's own coroutine, since one around it would cost each request another frame."""
        return self.guard(scope, receive, send)

    def listens_on(self, port: int) -> None:
        """The port that was chosen, where any free one was asked for."""
        self.guard.callers.listens_on(port)

    async def aclose(self) -> None:
        """End what runs beside requests: streams, and denials that are still being written down."""
        self.streams.close()
        await self.guard.denials.settle()


def build_app(bus: "Bus", settings: HttpSettings) -> Application:
    """The HTTP layer of `bus`. Raises ValueError where two operations claim one address."""
    metrics, documents = Metrics(), OpenApi()
    streams = Streams(bus, settings)
    callers = Callers(bus, settings)
    endpoints = [
        _publish(bus, settings),
        *Health(bus, START).endpoints(),
        *Messages(bus, streams, settings).endpoints(),
        *Runners(bus, settings).endpoints(),
        *Workspaces(bus, settings).endpoints(),
        *Tokens(bus, settings).endpoints(),
        *Sessions(bus, settings).endpoints(),
        *SignIn(bus, callers, settings).endpoints(),
        *MetricsPage(bus, metrics, streams).endpoints(),
        *documents.endpoints(),
        *AsyncApi(bus.registry).endpoints(),
        *Pages().endpoints(),
        *operation_endpoints(bus, streams, settings),
    ]
    routes = RouteTable(endpoints)
    documents.build(endpoints)
    guard = Guard(routes, callers, settings, DenialLog(bus.audit, bus.clock), metrics)
    return Application(guard, streams, bus, settings)


def _publish(bus: "Bus", settings: HttpSettings) -> Endpoint:
    body: Any = Publishing | list[Publishing]
    return Endpoint(
        method="POST",
        path="/api/internal/pubsub/publish",
        app=Publish(bus, settings),
        permission=WORKSPACES_WRITE,
        summary="Publish a message, or a list of them: all or none",
        tag="messages",
        body=body,
        reply=Published | list[Published],
    )
