"""The supervisor: one API process and some workers in one terminal; what dies is started again, with backoff.

The supervisor keeps the listening sockets, so that a restart of the API refuses nobody.
"""

import asyncio
import contextlib
import functools
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import BinaryIO

from needlework.bus.owners import lock_server
from needlework.bus.reaper import end_with_starter
from needlework.cli import reload, systemd
from needlework.compose import make_directory
from needlework.http.server import address_of
from needlework.logs import announce
from needlework.settings import Settings
from needlework.signals import on_signals

FIRST, MOST, FACTOR = 0.1, 10.0, 2.0
"""Seconds until a second start, at most, and how they grow with each death that follows at once."""
STEADY = 10.0
"""Seconds after which a process counts as healthy: its next death is the first again."""
HOPELESS = 3
"""Starts that fail before it was ever ready, after which it is not tried again: the configuration is wrong."""
READY = ("is listening on", "is ready")
"""What a process prints when it takes work."""
API = "api"
"""The name of the member that listens."""
LONGEST = 1 << 16
"""Bytes of a line of output; what is longer goes on in the next line."""
LAST_WORDS = 1.0
"""Seconds that the output of an ended process is read on: what it has left running may hold it open for ever."""


def backoff(deaths: int, chance: random.Random) -> float:
    """Seconds until the start after so many deaths in a row: growing, bounded, spread by up to a half."""
    return min(MOST, FIRST * FACTOR ** (deaths - 1)) * (1 + chance.random() / 2)


class Member:
    """One process that is kept running."""

    def __init__(self, name: str, command: Sequence[str], fds: Sequence[int], chance: random.Random) -> None:
        self.name, self._command, self._fds, self._chance = name, command, fds, chance
        self._child: asyncio.subprocess.Process | None = None
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self.failed: int | None = None
        """Its exit code, where it never became ready: one more start would end the same way."""

    async def keep(self) -> None:
        """Start it, again and again, until it is to stop."""
        deaths, loop = 0, asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._run()
            if self._stopping.is_set():
                return
            if code and not self.ready.is_set() and deaths + 1 >= HOPELESS:
                self.failed = code
                return
            steady = self.ready.is_set() and loop.time() - began > STEADY  # a slow machine fails slowly
            deaths = 1 if steady else deaths + 1
            pause = backoff(deaths, self._chance)
            say(self.name, f"ended with {code}; it starts again in {pause:.1f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _run(self) -> int:
        environ = {name: text for name, text in os.environ.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
        output, theirs = os.pipe()  # ours, since asyncio's `wait` waits for the end of its own pipes besides
        with os.fdopen(output, "rb", buffering=0) as source:
            try:
                self._child = await asyncio.create_subprocess_exec(
                    *self._command, pass_fds=self._fds, env={**environ, "PYTHONUNBUFFERED": "1"}, process_group=0,
                    stdin=asyncio.subprocess.DEVNULL, stdout=theirs, stderr=theirs, preexec_fn=end_with_starter(),
                )  # fmt: skip
            finally:
                os.close(theirs)
            if self._stopping.is_set():  # said while it was being started
                self.signal(signal.SIGTERM)
            reading = asyncio.create_task(self._read(source), name=f"output of {self.name}")
            try:
                code = await self._child.wait()
                await asyncio.wait({reading}, timeout=LAST_WORDS)
                return code
            finally:
                reading.cancel()
                await asyncio.wait({reading})

    async def _read(self, source: BinaryIO) -> None:
        async for line in lines(source):
            text = line.decode(errors="replace")
            say(self.name, text)
            if any(word in text for word in READY):
                self.ready.set()

    def stop(self) -> None:
        """Tell it to end, and start it no more."""
        self._stopping.set()
        self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        """Send a signal, where it lives."""
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(number)


async def lines(source: BinaryIO) -> AsyncIterator[bytes]:
    """The lines that come through a pipe. Nobody's line ends the reading: who writes would wait for ever."""
    reader, rest = asyncio.StreamReader(), b""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    try:
        while part := await reader.read(LONGEST):
            *whole, rest = (rest + part).split(b"\n")
            if len(rest) >= LONGEST:
                whole, rest = [*whole, rest], b""
            for line in whole:
                yield line
        if rest:
            yield rest
    finally:
        transport.close()


def say(name: str, text: str) -> None:
    """One line of the common output."""
    announce(f"{name:<8} | {text}")


class Supervisor:
    """The members, started together and stopped in order: workers drain, then the API."""

    def __init__(self, settings: Settings, api: Sequence[str], worker: Sequence[str], workers: int) -> None:
        self._settings, self._api, self._worker, self._count = settings, api, worker, workers
        self._sockets: list[socket.socket] = []
        self._given_up: set[str] = set()
        self._chance = random.Random(os.getpid())

    def run(self, *, dev: bool) -> int:
        """Until SIGTERM or Ctrl-C; the exit code."""
        given = systemd.sockets()
        with contextlib.nullcontext(given) if given else reload.listening(self._settings) as self._sockets:
            return asyncio.run(self._run(dev))

    async def _run(self, dev: bool) -> int:
        stopping = asyncio.Event()
        members: list[Member] = []

        def end() -> None:
            for each in members:
                each.signal(signal.SIGKILL)
            os._exit(130)

        on_signals(stopping, at_once=end)
        alive = asyncio.create_task(systemd.keep_alive(), name="signs of life")
        code = 0
        while not stopping.is_set() and not code:
            seen = reload.look(self._settings)
            members[:] = self._members()
            changed = functools.partial(self._changed, seen) if dev else None
            code = await self._once(members, stopping, changed)
        alive.cancel()
        return code

    def _changed(self, seen: reload.Seen) -> bool:
        found = reload.changed(seen, reload.look(self._settings))
        if found:
            say("all", f"{found[0]} changed: everything starts again")
        return bool(found)

    def _members(self) -> list[Member]:
        fds = [each.fileno() for each in self._sockets]
        api = [*self._api, *(word for number in fds for word in ("--fd", str(number)))]
        workers = [
            Member(f"worker {number + 1}", self._worker, (), random.Random(self._chance.random()))
            for number in range(self._count)
        ]
        return [*workers, Member(API, api, fds, random.Random(self._chance.random()))]

    async def _once(self, members: list[Member], stopping: asyncio.Event, changed: Callable[[], bool] | None) -> int:
        """Keep the members until they are to stop or start anew; an exit code where they can't start.

        Where a change of a file may mend what keeps one from starting (`changed`), it is waited for.
        """
        tasks = [asyncio.create_task(each.keep(), name=each.name) for each in members]
        told, excused = False, contextlib.AsyncExitStack()
        try:
            while not stopping.is_set() and not (changed and changed()):
                for task, member in zip(tasks, members, strict=True):
                    if task.done():
                        task.result()  # what ends without a reason of ours must not be missed
                    if member.failed and changed is None:
                        return member.failed
                    if member.failed and member.name not in self._given_up:
                        await self._give_up(member, excused)
                if not told and all(each.ready.is_set() for each in members):
                    told = True
                    self._tell()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), 0.2)
            return 0
        finally:
            await excused.aclose()
            self._given_up.clear()
            if stopping.is_set():
                systemd.tell("STOPPING=1")
            await self._stop(members, tasks)

    async def _give_up(self, member: Member, excused: contextlib.AsyncExitStack) -> None:
        """Wait for a change; the API's callers hear meanwhile that there is none."""
        self._given_up.add(member.name)
        say(member.name, f"ended with {member.failed}; it starts again when a file changes")
        if member.failed and member.name == API:
            await excused.enter_async_context(reload.excusing(self._sockets, member.failed))

    def _tell(self) -> None:
        for each in self._sockets:
            announce(f"needlework is listening on {address_of(each)}")
        systemd.tell("READY=1")

    async def _stop(self, members: list[Member], tasks: list["asyncio.Task[None]"]) -> None:
        """The workers give their runners back while the API still answers; then the API ends."""
        grace = self._settings.grace.seconds + 5.0
        for part in (range(self._count), range(self._count, len(members))):
            for place in part:
                members[place].stop()
            waited = [tasks[place] for place in part if members[place]._child is not None]
            if waited:
                await asyncio.wait(waited, timeout=grace)
            for place in part:
                members[place].signal(signal.SIGKILL)
                tasks[place].cancel()
        await asyncio.wait(tasks, timeout=1.0)


def supervise(settings: Settings, words: Sequence[str], workers: int, *, dev: bool) -> int:
    """Keep one API and `workers` workers running; `words` are the options that both understand. Raises ConfigError."""
    python = (sys.executable, "-m", "needlework")
    where = ("--host", settings.host) if settings.unix is None else ("--unix", str(settings.unix))
    api = [*python, "serve", "--api-only", *where, *words]
    make_directory(settings)
    lock_server(settings.data).release()  # where it is served, no start of ours would succeed
    return Supervisor(settings, api, [*python, "worker", *words], workers).run(dev=dev)


if __name__ == "__main__":
    from needlework.cli.supervise import supervise as command

    command(prog_name="python -m needlework.supervisor")
