"""Measurements in processes of their own: fresh memory for each, a server whose client has an interpreter of its own.

An *actor* is an async context manager that yields an object; its methods are called from the parent, one at a time.
"""

import asyncio
import contextlib
import multiprocessing
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socket
from typing import Any

import common
import uvicorn
import uvloop

_SPAWN = multiprocessing.get_context("spawn")


def apart(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function of a module in a fresh process; its result."""
    with ProcessPoolExecutor(1, mp_context=_SPAWN) as pool:
        return pool.submit(function, *args).result()


class Remote:
    """An actor in a process of its own, seen from outside."""

    def __init__(self, pid: int, pipe: Connection) -> None:
        self._pid, self._pipe = pid, pipe

    def tell(self, method: str, *args: Any) -> None:
        """Begin a call; `answer` waits for its end."""
        self._pipe.send((method, args))

    def answer(self) -> Any:
        """The result of the call that was begun."""
        result = self._pipe.recv()
        if isinstance(result, BaseException):
            raise result
        return result

    def ask(self, method: str, *args: Any) -> Any:
        """Call a method and wait."""
        self.tell(method, *args)
        return self.answer()

    def rss(self) -> float:
        """The process's resident memory, MiB."""
        return common.rss(self._pid)


@contextlib.contextmanager
def remote(actor: Callable[..., Any], *args: Any) -> Iterator[Remote]:
    """Run `actor(*args)` in a process of its own, as long as the block lasts."""
    pipe, other = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_live, args=(other, actor, args), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        yield Remote(process.pid, pipe)
    finally:
        pipe.send(None)
        process.join(30)
        if process.is_alive():
            process.kill()


def _live(pipe: Connection, actor: Callable[..., Any], args: tuple[Any, ...]) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(_obey(pipe, actor, args))


async def _obey(pipe: Connection, actor: Callable[..., Any], args: tuple[Any, ...]) -> None:
    async with actor(*args) as body:
        while (command := await asyncio.to_thread(pipe.recv)) is not None:
            method, values = command
            try:
                pipe.send(await getattr(body, method)(*values))
            except Exception as error:
                pipe.send(error)


def socket_of_loopback() -> socket:
    """A socket on a free port of this machine."""
    listener = socket()
    listener.bind(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener


@contextlib.asynccontextmanager
async def listening(server: uvicorn.Server, listener: socket) -> Any:
    """Serve while the block lasts; the port."""
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn sets a flag
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task


def reference_server(app: Any) -> uvicorn.Server:
    """uvicorn with the settings that our server gives it, around another application."""
    return uvicorn.Server(
        uvicorn.Config(
            app, http="httptools", ws="none", loop="none", lifespan="off", log_config=None, access_log=False,
            proxy_headers=False, server_header=False, timeout_graceful_shutdown=1, backlog=2048,
        )
    )  # fmt: skip


def size_of(directory: Path) -> float:
    """How large the files of a data directory are, MiB."""
    return sum(path.stat().st_size for path in directory.iterdir() if path.is_file()) / 1024 / 1024
