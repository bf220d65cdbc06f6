"""Is it alive, is it ready: the three addresses that anybody may call."""

from typing import TYPE_CHECKING

from needlework.http import preferences
from needlework.http.headers import RequestHeaders
from needlework.http.replies import json_response
from needlework.http.routes import PUBLIC, Endpoint, answering
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from needlework.bus.bus import Bus


class Health:
    """`/`, `/healthz`, `/readyz`."""

    def __init__(self, bus: "Bus", start_page: str | None) -> None:
        self._bus, self._start_page = bus, start_page

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        made = [
            ("/", self.root, "The service answers", True),
            ("/healthz", self.healthz, "The process is alive", False),
            ("/readyz", self.readyz, "The service can store and run messages", False),
        ]
        return [
            Endpoint(
                method="GET",
                path=path,
                app=answering(answer),
                permission=PUBLIC,
                summary=summary,
                page=page,
                tag="health",
            )
            for path, answer, summary, page in made
        ]

    async def root(self, request: Request) -> Response:
        """`{"status":"ok"}`; a browser is sent to the page."""
        headers: RequestHeaders = request.scope["request_headers"]
        if self._start_page is not None and preferences.wants_page(headers):
            return Response(status_code=307, headers={"location": self._start_page})
        return json_response({"status": "ok"})

    async def healthz(self, request: Request) -> Response:
        """Instant, and without the disk: a full disk is no reason to restart."""
        return json_response(self._bus.health())

    async def readyz(self, request: Request) -> Response:
        """200 or 503, with each check."""
        state = await self._bus.ready()
        return json_response(state, 200 if state["ready"] else 503)
