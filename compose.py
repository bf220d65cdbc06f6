"""The composition: registry, bus, HTTP and signals, joined in plain sight; nothing else decides what runs together."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import uvloop
from needlework.bus.bus import Bus
from needlework.bus.clock import Clock, SystemClock
from needlework.bus.errors import ConfigError
from needlework.bus.mounts import check_local
from needlework.bus.owners import ServerLock, lock_server
from needlework.bus.peers import Peer
from needlework.bus.permissions import ALL
from needlework.bus.plugins import WITHOUT_THEM, load_plugins
from needlework.bus.registry import Registry
from needlework.cli import systemd
from needlework.descriptors import take_descriptors
from needlework.handlers.net.addresses import open_hosts, own_ports
from needlework.heap import collect_rarely, share_heaps
from needlework.http.listeners import unix_listener
from needlework.logs import announce
from needlework.settings import Settings
from needlework.signals import on_signals

if TYPE_CHECKING:
    from needlework.bus.telemetry import OpenTelemetry

HERE = Path(__file__).parent
_PATIENCE = 5.0
"""Seconds that a restarted server waits for the one before to let go of the data directory."""
_LAST_ANSWERS = 2.0  # seconds to send them in, once everybody has heard that the service stops
log = structlog.get_logger("needlework")


def builtin_registry() -> Registry:
    """The registry of the built-in operations alone."""
    return Registry.load(["needlework.handlers"], [HERE / "topics.toml"])


def load_registry(settings: Settings) -> Registry:
    """The built-in operations and the plug-ins. Raises ConfigError with every problem."""
    folders = [*settings.plugins]
    if (settings.data / "plugins").is_dir():
        folders.append(settings.data / "plugins")
    plugins, problems = load_plugins(folders, skip_broken=True)
    skipped, broken = (problems, []) if settings.skip_broken_plugins else ([], problems)
    for problem in skipped:
        log.warning("plug-in skipped", problem=problem)
    policies = [plugin.policy for plugin in plugins if plugin.policy is not None]
    modules = [module for plugin in plugins for module in plugin.modules]
    try:
        registry = Registry.load(["needlework.handlers"], [HERE / "topics.toml", *policies], modules)
    except ConfigError as error:
        raise ConfigError([*broken, *error.problems], [WITHOUT_THEM] if broken else []) from None
    if broken:
        raise ConfigError(broken, [WITHOUT_THEM])
    return registry


def handler_groups() -> list[tuple[str, Path]]:
    """(name, migrations folder) of every handler group that owns tables."""
    folders = sorted(path for path in (HERE / "handlers").glob("*/migrations") if path.is_dir())
    return [(path.parent.name, path) for path in folders]


def migrations() -> list[tuple[str, Path]]:
    """(name, migrations folder) of everything that owns tables, the bus first."""
    return [("bus", HERE / "bus" / "sqlite" / "migrations"), *handler_groups()]


@contextlib.asynccontextmanager
async def open_bus(
    settings: Settings, *, clock: Clock | None = None, registry: Registry | None = None
) -> AsyncIterator[Bus]:
    """A bus on the data directory that runs nothing: for commands and for `serve`, which starts it."""
    make_directory(settings)
    open_hosts(settings.outbound_hosts)
    own_ports({settings.port})
    telemetry = _telemetry(settings)
    bus = await Bus.open(
        settings.data, registry or load_registry(settings), clock=clock or SystemClock(), groups=handler_groups(),
        durability=settings.durability,
    )  # fmt: skip
    bus.encoder.budget, bus.encoder.message_limit = settings.limits.ready, settings.limits.message
    bus.controls.idempotency_kept, bus.controls.audit_kept = settings.idempotency, settings.audit
    bus.encoder.telemetry = telemetry
    bus.controls.peers.update(_peers(settings))
    bus.controls.withheld |= {secret.env for secret in settings.secrets.values() if secret.env is not None}
    try:
        yield bus
    finally:
        await bus.stop(settings.grace.seconds)
        if telemetry is not None:
            await asyncio.to_thread(telemetry.close)


def _peers(settings: Settings) -> dict[tuple[str, str], Peer]:
    """Slack and GitHub for each workspace that has a token: the secret `slack` is the default workspace's,
    `slack_NAME` NAME's, and so for `github`."""
    addresses = {"slack": settings.slack_base_url, "github": settings.github_base_url}
    found = {}
    for name, secret in settings.secrets.items():
        service, _, workspace = name.partition("_")
        if service in addresses and (workspace or name == service):
            found[service, workspace or "default"] = Peer(addresses[service].rstrip("/") + "/", secret.read)
    return found


def _telemetry(settings: Settings) -> "OpenTelemetry | None":
    """Raises ConfigError where it is wanted and not installed."""
    if not settings.telemetry:
        return None
    try:
        from needlework.bus.telemetry import exporting

        return exporting()
    except ImportError as error:
        raise ConfigError(["telemetry = true needs the extra: pip install 'needlework[otel]'"]) from error


def serve(
    settings: Settings, *, demo: bool = False, api_only: bool = False, sockets: Sequence[socket.socket] = ()
) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code. Raises ConfigError, StorageDamaged before it listens.

    `sockets` are those of `serve --dev`: they listen already, and the server before may still be ending.
    """
    make_directory(settings)
    lock = _lock(settings.data, _PATIENCE if sockets else 0.0)
    try:
        with contextlib.ExitStack() as stack:
            own = list(sockets) or systemd.sockets() or [stack.enter_context(_bound(settings))]
            collect_rarely()
            share_heaps()
            take_descriptors()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_serve(settings, demo=demo, api_only=api_only, sockets=own))
    finally:
        lock.release()


def make_directory(settings: Settings) -> None:
    """Make it. Raises ConfigError where it can't be made, can't be written, or lies where nothing can be promised."""
    directory = settings.data
    try:
        if directory.is_symlink() and not directory.exists():
            raise ConfigError([f"the data directory {directory} is a link that leads nowhere"])
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"the data directory {directory} can't be made: {error.strerror}"]) from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise ConfigError([f"the data directory {directory} can't be written by this user"])
    check_local(directory, allowed=settings.network_file_system)


def _bound(settings: Settings) -> contextlib.AbstractContextManager[socket.socket]:
    """The listening socket, bound before anything is started. Raises ConfigError where its place is taken."""
    if settings.unix is not None:
        return unix_listener(settings.unix)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        raise ConfigError([f"can't listen on {where} ({error.strerror}); choose another with --port"]) from error
    return contextlib.closing(listener)


def _lock(directory: Path, patience: float) -> ServerLock:
    """The data directory's lock, waited for a while. Raises ConfigError."""
    until = time.monotonic() + patience
    while True:
        try:
            return lock_server(directory)
        except ConfigError:
            if time.monotonic() >= until:
                raise
        time.sleep(0.05)


async def _serve(settings: Settings, *, demo: bool, api_only: bool, sockets: Sequence[socket.socket]) -> int:
    stopping = asyncio.Event()
    on_signals(stopping)
    async with open_bus(settings) as bus:
        own_ports(name[1] for each in sockets if isinstance(name := each.getsockname(), tuple))
        failures = stop_when_failed(bus, stopping)
        await bus.attach("api" if api_only else "serve")
        await _first_token(bus, settings)
        server, serving = await _listen(bus, settings, stopping, sockets)
        if demo:
            from needlework.cli.demo import fill_sample

            await fill_sample(bus)
        systemd.tell("READY=1")
        alive = asyncio.create_task(systemd.keep_alive(), name="signs of life")
        await stopping.wait()
        systemd.tell("STOPPING=1")
        server.should_exit = True  # no new connections, streams end with a hint; open requests go on
        await bus.finish(settings.grace.seconds)
        await asyncio.wait({serving}, timeout=_LAST_ANSWERS)
        server.force_exit = True  # who does not read its answer is not waited for
        await serving
        alive.cancel()
    return exit_code(bus, failures)


def stop_when_failed(bus: Bus, stopping: asyncio.Event) -> list[str]:
    """End the process where a task of the bus dies; the list tells of what."""
    failures: list[str] = []

    def failed(name: str, error: BaseException | None) -> None:
        failures.append(f"{name}: {error!r}")
        log.critical("the service stops", cause=name, error=str(error))
        stopping.set()

    bus.failed = failed
    return failures


def exit_code(bus: Bus, failures: list[str]) -> int:
    """0 where nothing failed; does not return where a thread would keep the process."""
    if any(worker.delivery for worker in bus.dispatcher.workers()):
        os._exit(1 if failures else 0)  # it ignores its time limit
    return 1 if failures else 0


async def _listen(
    bus: Bus, settings: Settings, stopping: asyncio.Event, sockets: Sequence[socket.socket]
) -> tuple[Any, "asyncio.Task[None]"]:
    """Start the HTTP server; returns when it accepts connections."""
    from needlework.http.app import build_app
    from needlework.http.server import make_server
    from needlework.http.settings import HttpSettings

    limits = settings.limits
    http = HttpSettings(
        host=settings.host, port=settings.port, exposed=settings.exposed, allowed_hosts=settings.allowed_hosts,
        allow_origins=settings.allow_origins, trust_proxy=settings.trust_proxy, require_token=settings.require_token,
        public_url=settings.public_url, body_limit=limits.body, upload_limit=limits.upload,
        header_bytes=limits.header_block, depth=limits.depth, streams_per_workspace=limits.streams,
        grace=settings.grace.seconds,
    )  # fmt: skip
    ready = asyncio.Event()

    def on_ready(addresses: list[str]) -> None:
        for address in addresses:
            announce(f"needlework is listening on {address}")
        ready.set()

    server = make_server(build_app(bus, http), sockets, on_ready)
    serving = asyncio.create_task(server.serve(list(sockets)), name="http")
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        waiting.cancel()
        await serving
        raise ConfigError([f"can't listen on {settings.host}:{settings.port}; is another program using the port?"])
    serving.add_done_callback(lambda task: stopping.set())
    return server, serving


async def _first_token(bus: Bus, settings: Settings) -> None:
    """A server that asks for tokens never runs without one: make it at the first start and print it once."""
    if not (settings.exposed or settings.require_token) or await bus.tokens.any_live():
        return
    text, _ = await bus.tokens.create("first start", ALL, None, None, "serve")
    print(f"needlework made a token with all rights; it is shown only now:\n\n    {text}\n", flush=True)
    if settings.exposed:
        print("traffic is not encrypted; use TLS or ssh", flush=True)
