"""An event stream that is resumed where it broke, over lost connections and restarts of the server."""

from collections.abc import Callable, Iterator

import httpx2

TERMINAL = frozenset({"result", "refused", "dead", "cancelled"})
_MOST_RECONNECTS = 10
_LONGEST_PAUSE = 10.0
_BROKEN = (httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.ReadTimeout, httpx2.ConnectError, httpx2.ConnectTimeout)


class Broken(Exception):
    """The stream broke too often in a row without a single event in between."""


class Stream:
    """The events of one path. Iterate once; errors of the very first connection are the caller's."""

    def __init__(
        self,
        http: httpx2.Client,
        path: str,
        after: str | None,
        refused: Callable[[httpx2.Response], None],
        pause: Callable[[float], None],
    ) -> None:
        self._http, self._path, self._refused, self._pause = http, path, refused, pause
        self._after = after
        self._opened = self._over = False
        self._retry = 0.5

    def __iter__(self) -> Iterator[httpx2.ServerSentEvent]:
        broken = 0
        while True:
            try:
                for event in self._connection():
                    broken = 0
                    yield event
            except _BROKEN:
                if not self._opened:
                    raise
            else:
                if self._over:
                    return
            broken += 1
            if broken > _MOST_RECONNECTS:
                raise Broken(f"the stream of {self._path} broke {broken} times in a row")
            self._pause(min(self._retry * broken, _LONGEST_PAUSE))

    def _connection(self) -> Iterator[httpx2.ServerSentEvent]:
        """The events of one connection; sets `_over` where the end is the end of the stream, not a break."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._after:
            headers["Last-Event-ID"] = self._after
        timeout = httpx2.Timeout(60.0, connect=5.0)  # heartbeats come every 15 s
        with self._http.stream("GET", self._path, headers=headers, timeout=timeout) as response:
            if response.status_code == 204:
                self._over = True
            elif response.status_code >= 500 and self._opened:
                return  # the server is starting or stopping
            elif not response.is_success:
                response.read()
                self._refused(response)
            else:
                self._opened = True
                for event in httpx2.EventSource(response):
                    self._note(event)
                    yield event

    def _note(self, event: httpx2.ServerSentEvent) -> None:
        self._after = event.id or self._after
        self._retry = event.retry / 1000 if event.retry else self._retry
        self._over = self._over or event.event in TERMINAL
