"""Listen and serve: uvicorn, with our limits, without its signals; streams are told when the server stops."""

import asyncio
import contextlib
import ipaddress
import logging
import math
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from needlework.bus.errors import ConfigError
from needlework.http.app import Application
from needlework.http.deadlines import TimedProtocol
from needlework.http.protocol import bounded

_TICK = 0.1
"""Seconds between two looks at the connections."""

_NAP = 0.5
"""Seconds between two looks beyond which nobody was awake to look, and no deadline has come nearer."""

_UNSENT = 128 << 10
"""Bytes of an answer that the system keeps for a slow reader; by itself it would keep megabytes for each."""

_PATIENCE = 10
"""Seconds beyond the grace after which uvicorn would cancel open requests and answer a bare 500. Whoever composes the
process ends it before: requests hear that their outcome is not known yet, and `force_exit` leaves the rest."""

Ready = Callable[[list[str]], None]
"""Called with the addresses when connections are accepted."""


class Server(uvicorn.Server):
    """uvicorn's server; signals belong to whoever composes the process."""

    def __init__(
        self, config: uvicorn.Config, app: Application, protocol: type[TimedProtocol], on_ready: Ready
    ) -> None:
        super().__init__(config)
        self._app, self._on_ready, self._timed = app, on_ready, protocol.timed
        self._ticked = math.inf
        """When the connections were last looked at."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        for listener in sockets or ():
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNSENT)  # inherited by its connections
        await super().startup(sockets)
        listeners = [listener for server in self.servers for listener in server.sockets]
        names = [listener.getsockname() for listener in listeners]
        for name in names:
            if isinstance(name, tuple):
                self._app.listens_on(name[1])
                break
        self._on_ready([address_of(listener) for listener in listeners])

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: end the connections whose deadline has passed while we were awake."""
        now = asyncio.get_running_loop().time() + _TICK  # a deadline is never passed, rather met a moment early
        if now - self._ticked > _NAP:  # stopped, or blocked: what came meanwhile waits to be read
            for connection in self._timed:
                connection.deadline += now - self._ticked
        self._ticked = now
        if counter % 10 == 0:
            for connection in self._timed:
                connection.give_last_chance()
        for connection in [each for each in self._timed if each.deadline < now]:
            connection.expire()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams end at once with a hint to come back; requests get their grace."""
        self._app.streams.close()
        await super().shutdown(sockets)


def make_server(
    app: Application, sockets: Sequence[socket.socket] | None = None, on_ready: Ready = lambda addresses: None
) -> Server:
    """A server for `app`; setting its `should_exit` stops it. Raises ConfigError for an exposed socket in
    loopback mode: strangers would be taken for the owner."""
    settings = app.settings
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # we say ourselves where we listen
    if not settings.exposed and not is_loopback(settings.host, sockets):
        raise ConfigError(["listening beyond this machine needs --expose, which asks every caller for a token"])
    protocol = bounded(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol,
        ws="none",
        interface="asgi3",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=round(settings.keep_alive),
        timeout_graceful_shutdown=math.ceil(settings.grace) + _PATIENCE,
        backlog=2048,
    )
    return Server(config, app, protocol, on_ready)


async def serve(
    app: Application, sockets: Sequence[socket.socket] | None = None, on_ready: Ready = lambda addresses: None
) -> None:
    """Serve until cancelled or told to stop. See `make_server`."""
    await make_server(app, sockets, on_ready).serve(None if sockets is None else list(sockets))


def is_loopback(host: str, sockets: Sequence[socket.socket] | None) -> bool:
    """Whether only this machine can connect."""
    if sockets is None:
        return _is_loopback_name(host)
    return all(
        listener.family == getattr(socket, "AF_UNIX", None) or _is_loopback_name(listener.getsockname()[0])
        for listener in sockets
    )


def address_of(listener: socket.socket) -> str:
    """Where a socket listens, as people write it."""
    name = listener.getsockname()
    if not isinstance(name, tuple):
        return f"unix:{name}"
    return f"http://[{name[0]}]:{name[1]}" if ":" in name[0] else f"http://{name[0]}:{name[1]}"


def _is_loopback_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
