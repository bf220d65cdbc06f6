"""The real server as a child for the programs beside this file, and honest clients whose patience is measured."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

HOST = b"Host: localhost\r\n"
PUBLISH = "/api/internal/pubsub/publish"
EVENTS = b"GET /api/internal/pubsub/events HTTP/1.1\r\n" + HOST
_LISTENS = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
_HANDLER = '''"""Big results."""
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe

class Big(Message[str], topic="big.make"):
    """One."""
    size: int

@subscribe(Big, runner="big")
async def make(message: Big, ctx: Context) -> str:
    """A long text."""
    return "x" * message.size
'''
_POLICY = """[runners.big]
description = "Big"
[topics."big.make"]
summary = "Make a big result"
permission = "permissionWorkspacesWrite"
"""


class Served:
    """`needlework serve` on a directory of its own; it can be killed and started again on the same port."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.port = folder, 0
        plugin = folder / "plugins" / "big"
        plugin.mkdir(parents=True)
        (plugin / "handlers.py").write_text(_HANDLER)
        (plugin / "topics.toml").write_text(_POLICY)
        self._environ = {**os.environ, **{f"NEEDLEWORK_{name}": value for name, value in settings.items()}}
        self.start()

    def start(self) -> None:
        """Start, and wait until it listens."""
        code = "from needlework.cli.main import main; main()"
        words = ["--data", self.folder / "data", "--port", self.port, "--plugins", self.folder / "plugins"]
        self._log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", *map(str, words)],
            stdout=subprocess.PIPE, stderr=self._log, text=True, env=self._environ,
        )  # fmt: skip
        assert self.process.stdout is not None
        found = next((match for line in self.process.stdout if (match := _LISTENS.search(line))), None)
        if found is None:
            raise RuntimeError((self.folder / "log").read_text()[-2000:])
        self.port = int(found[1])

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.communicate()
        self._log.close()

    def rss(self) -> float:
        """Resident memory, MiB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20

    def sockets(self) -> int:
        """Sockets that it has open, its own included."""
        found = 0
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found += str(entry.readlink()).startswith("socket:")
        return found

    async def until_sockets(self, most: int, seconds: float) -> float:
        """Seconds until it has at most so many sockets; `seconds` where it still has more then."""
        began = time.monotonic()
        while self.sockets() > most and time.monotonic() - began < seconds:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
        return time.monotonic() - began


@contextlib.contextmanager
def served(**settings: str) -> Any:
    """A server in a scratch directory."""
    with tempfile.TemporaryDirectory(prefix="needlework-served-") as folder:
        server = Served(Path(folder), **settings)
        try:
            yield server
        finally:
            server.kill()


class Honest:
    """One keep-alive connection that calls and remembers how long each answer took."""

    def __init__(self, server: Served) -> None:
        self._server, self.times = server, list[float]()
        self._reader: asyncio.StreamReader | None = None

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body of one call, measured. Raises OSError, TimeoutError."""
        if self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        text = b"" if body is None else json.dumps(body).encode()
        began = time.perf_counter()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(text)}\r\n\r\n"
        self._writer.write(head.encode() + text)
        async with asyncio.timeout(30):
            answer = await self._reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"content-length: (\d+)", answer)[1])  # type: ignore[index]
            found = await self._reader.readexactly(length)
        self.times.append(time.perf_counter() - began)
        return int(answer[9:12]), found

    async def p99(self, path: str, seconds: float, body: Any = None, every: float = 0.01) -> float:
        """Call for a while; the 99th percentile in ms."""
        self.times.clear()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status, found = await self.call("GET" if body is None else "POST", path, body)
            if status != 200:
                raise RuntimeError(f"{path}: {status} {found[:200]!r}")
            await asyncio.sleep(every)
        return sorted(self.times)[int(len(self.times) * 0.99)] * 1000


@contextlib.asynccontextmanager
async def beside(server: Served, path: str, body: Any = None) -> AsyncIterator[Honest]:
    """An honest client that calls again and again while the block runs; its times are those of the block."""
    client = Honest(server)
    task = asyncio.ensure_future(client.p99(path, 1e9, body))
    try:
        yield client
    finally:
        task.cancel()
        for outcome in await asyncio.gather(task, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


def p99(times: list[float]) -> float:
    """In ms."""
    return sorted(times)[int(len(times) * 0.99)] * 1000
