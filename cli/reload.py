"""`serve --dev`: the server as a child that starts anew when a source file changes; the parent keeps the sockets.

What comes while no child listens waits in the sockets' queue: a restart refuses nobody. Where a child has failed, the
parent itself says so to whoever calls, until a file changes.
"""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click
from needlework.bus.errors import ConfigError
from needlework.bus.reaper import end_with_starter
from needlework.http.headers import NO_STORE, SECURITY
from needlework.http.listeners import unix_listener
from needlework.http.problems import document
from needlework.http.protocol import head_of
from needlework.settings import FILE, Settings
from needlework.signals import on_signals

HERE = Path(__file__).parents[1]
PARTS = ("bus", "handlers", "http", "cli")
"""The package's folders; tests, documents and environments beside them change nothing that is served."""
SUFFIXES = frozenset({".py", ".toml", ".sql", ".html", ".js", ".css"})
EVERY = 0.5
"""Seconds between two looks at the files."""
GRACE = 1.0
"""Seconds that a child gets to end; then it is killed, which loses nothing that was acknowledged."""

Seen = dict[Path, tuple[int, int]]
"""File -> its time and its size."""


def serve(settings: Settings, words: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM with children that are called `needlework serve WORDS`; the exit code."""
    with listening(settings) as sockets:
        fds = [word for each in sockets for word in ("--fd", str(each.fileno()))]
        command = [sys.executable, "-m", "needlework", "serve", *words, *fds]
        asyncio.run(_serve(command, sockets, lambda: look(settings)))
    return 0


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """The sockets that the settings name, closed at the end. Raises ConfigError."""
    with contextlib.ExitStack() as stack:
        if settings.unix is not None:
            yield [stack.enter_context(unix_listener(settings.unix))]
        else:
            found = listen(settings.host, settings.port)
            for each in found:
                stack.callback(each.close)
            yield found


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for every address of `host`, all on one port. Raises ConfigError."""
    found: list[socket.socket] = []
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            where = (str(address[0]), port)
            found.append(socket.create_server(where, family=family, backlog=2048))
            port = found[0].getsockname()[1]
    except OSError as error:
        for each in found:
            each.close()
        reason = os.strerror(error.errno) if error.errno else error  # asyncio and the library repeat the address
        raise ConfigError([f"can't listen on {host}:{port} ({reason}); choose another with --port"]) from None
    return found


def look(settings: Settings) -> Seen:
    """The files whose change means a restart: the package's, the plug-ins' and the settings."""
    folders = [*(HERE / part for part in PARTS), *settings.plugins, settings.data / "plugins"]
    files = [*HERE.iterdir(), settings.data / FILE, *(path for folder in folders for path in _below(folder))]
    return _seen(path for path in files if path.suffix in SUFFIXES)


def _below(folder: Path) -> Iterator[Path]:
    """The files below a folder; hidden ones and caches are nobody's source."""
    for here, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if not name.startswith(".") and name not in ("__pycache__", "node_modules")]
        yield from (Path(here, name) for name in names if not name.startswith("."))


def _seen(files: Iterable[Path]) -> Seen:
    found: Seen = {}
    for path in files:
        with contextlib.suppress(OSError):  # an editor that saves by renaming takes it away for a moment
            state = path.stat()
            found[path] = (state.st_mtime_ns, state.st_size)
    return found


def changed(before: Seen, now: Seen) -> list[Path]:
    """The files that came, went or are others."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


async def _serve(command: Sequence[str], sockets: Sequence[socket.socket], files: Callable[[], Seen]) -> None:
    stopping = asyncio.Event()
    on_signals(stopping, at_once=stopping.set)
    # Bytecode is told apart by whole seconds and the size: a child that wrote some could hide the next change.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    while not stopping.is_set():
        before = files()  # before it starts: what changes meanwhile is seen afterwards
        # A group of its own: Ctrl-C reaches the parent alone, since a second signal ends a server at once.
        child = await asyncio.create_subprocess_exec(
            *command,
            pass_fds=[each.fileno() for each in sockets],
            env=environ,
            process_group=0,
            stdin=asyncio.subprocess.DEVNULL,
            preexec_fn=end_with_starter(),
        )
        found: list[Path] = []
        try:
            found = await _until_change(child, before, files, stopping, sockets)
        finally:
            await _end(child)
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            click.echo(f"{found[0]}{more} changed, starting again", err=True)


async def _until_change(
    child: asyncio.subprocess.Process,
    before: Seen,
    files: Callable[[], Seen],
    stopping: asyncio.Event,
    sockets: Sequence[socket.socket],
) -> list[Path]:
    """What changed; nothing where the parent is to stop."""
    async with contextlib.AsyncExitStack() as stack:
        told = False
        while not stopping.is_set():
            if child.returncode is not None and not told:
                told = True
                await stack.enter_async_context(excusing(sockets, child.returncode))
                click.echo(f"needlework ended with {child.returncode}; it starts again when a file changes", err=True)
            if found := changed(before, files()):
                return found
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), EVERY)
    return []


@contextlib.asynccontextmanager
async def excusing(sockets: Sequence[socket.socket], code: int) -> AsyncIterator[None]:
    """Answer 503 in place of a child that failed; without it every request would hang."""
    detail = f"needlework ended with {code}; its terminal says why, and it starts again when a file changes"
    body = document(503, "not_started", detail, "req_refused")
    own = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
    head = head_of(503, [*SECURITY, NO_STORE, *own, (b"retry-after", b"1"), (b"connection", b"close")])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, ValueError, TimeoutError):
            async with asyncio.timeout(GRACE):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(head + b"\r\n" + body)
                await writer.drain()
        writer.close()

    servers = [await asyncio.start_server(answer, sock=each.dup()) for each in sockets]
    try:
        yield
    finally:
        for server in servers:
            server.close()


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        await asyncio.wait_for(child.wait(), GRACE)
    except TimeoutError:
        child.kill()
        await child.wait()
