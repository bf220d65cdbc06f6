"""The supervisor's members, each a small program here: whatever they print, leave behind or die of, they are kept."""

import asyncio
import contextlib
import os
import random
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest
from needlework import supervisor
from needlework.bus.errors import ConfigError
from needlework.bus.owners import lock_server
from needlework.settings import load_settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The supervisor runs on asyncio's own loop."""
    return "asyncio"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> "Said":
    """What the supervisor has printed."""
    words = Said()
    monkeypatch.setattr(supervisor, "say", words.add)
    return words


class Said:
    """The lines that were printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def add(self, _name: str, text: str) -> None:
        """One more."""
        self.lines.append(text)
        self._more.set()

    async def until(self, fits: Callable[[str], bool]) -> str:
        """The first line that fits."""
        async with asyncio.timeout(30):
            while not (found := [line for line in self.lines if fits(line)]):
                self._more.clear()
                await self._more.wait()
        return found[0]


@contextlib.asynccontextmanager
async def kept(program: str) -> AsyncIterator[tuple[supervisor.Member, "asyncio.Task[None]"]]:
    """A member that runs a few lines of Python."""
    member = supervisor.Member("one", [sys.executable, "-S", "-c", program], (), random.Random(1))
    keeping = asyncio.create_task(member.keep())
    try:
        yield member, keeping
    finally:
        member.stop()
        await asyncio.wait_for(keeping, 30)


async def test_a_line_of_any_length_is_passed_on_and_what_follows_too(said: Said) -> None:
    """More than 64 KiB in a line, a handler's `print`, ended the reading: nobody heard of the process's death any
    more, and once the pipe was full it hung in its next line."""
    async with kept("print('x' * 300_000 + 'end'); print('is ready'); import time; time.sleep(600)") as (member, _):
        await said.until(lambda line: line == "is ready")
        assert member.ready.is_set()
        assert "".join(said.lines[:-1]) == "x" * 300_000 + "end"


async def test_a_death_is_noticed_though_what_was_started_holds_the_output(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that a handler had started kept the pipe open: until it ended, nobody started the worker again."""
    monkeypatch.setattr(supervisor, "LAST_WORDS", 0.05)
    leaving = "import os, subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True); os._exit(3)"
    async with kept(leaving):
        left = int(await said.until(str.isdigit))
        try:
            assert "starts again" in await said.until(lambda line: line.startswith("ended with 3"))
        finally:
            for line in filter(str.isdigit, said.lines):
                os.kill(int(line), signal.SIGKILL)
    assert left


async def test_a_stop_does_not_wait_for_the_next_start(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause before a start grows to ten seconds and more; a stop waited for its end."""
    monkeypatch.setattr(supervisor, "FIRST", 600.0)
    monkeypatch.setattr(supervisor, "MOST", 600.0)
    async with kept("raise SystemExit(2)") as (member, keeping):
        await said.until(lambda line: line.startswith("ended with 2"))
        member.stop()
        await asyncio.wait_for(keeping, 30)
    assert len(said.lines) == 1


async def test_while_it_is_written_code_that_fails_is_waited_for_and_callers_hear_of_it(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`supervise --dev` ended for good over a mistake in a file that was being written; `serve --dev` waits."""
    monkeypatch.setattr(supervisor, "MOST", 0.01)
    handlers = tmp_path / "plugins" / "mine.py"
    handlers.parent.mkdir()
    handlers.write_text("broken")
    looks = f"open({str(handlers)!r}).read() == 'mended' or sys.exit(7)"
    fake = f"import sys, time; {looks}; print('is ready'); time.sleep(600)"
    one = supervisor.Supervisor(load_settings(tmp_path), [sys.executable, "-S", "-u", "-c", fake], ["true"], 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one._sockets = [listener]
        running = asyncio.create_task(one._run(dev=True))
        await said.until(lambda line: line == "ended with 7; it starts again when a file changes")
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            answer = await client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_started")
        handlers.write_text("mended")
        await said.until(lambda line: line == "is ready")
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(running, 30) == 0


async def test_systemd_hears_when_all_are_ready_and_the_api_outlives_the_workers(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers give their runners back while the API still answers."""
    looks: list[int] = []

    def look(*_: object) -> bool:
        looks.append(len(said.lines))
        if looks.count(1) == 3:  # the API alone was ready at two looks
            (tmp_path / "go").touch()
        return False

    monkeypatch.setattr(supervisor.Supervisor, "_changed", look)
    monkeypatch.setattr(supervisor.systemd, "tell", lambda state: said.add("systemd", state))
    fake = "import signal, sys, time; name = sys.argv[1]; signal.signal(15, lambda *_: sys.exit(f'{name} ends'))"
    waits = f"; import os\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
    ready = "; print(name, 'is ready'); time.sleep(600)"
    python = [sys.executable, "-S", "-u", "-c"]
    api, worker = [*python, fake + ready, "api"], [*python, fake + waits + ready[2:], "worker"]
    running = asyncio.create_task(supervisor.Supervisor(load_settings(tmp_path), api, worker, 1)._run(dev=True))
    await said.until(lambda line: line == "READY=1")
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 30) == 0
    assert said.lines == ["api is ready", "worker is ready", "READY=1", "STOPPING=1", "worker ends", "api ends"]


def test_what_a_killed_supervisor_kept_ends_with_it() -> None:
    """It went on, held the address, and was started by nobody when it died."""
    program = (
        "import asyncio, random, sys; from needlework.supervisor import Member;"
        " sleeper = 'import os, time; print(os.getpid()); time.sleep(600)';"
        " asyncio.run(Member('one', [sys.executable, '-S', '-c', sleeper], (), random.Random(1)).keep())"
    )
    keeper = subprocess.Popen([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE, text=True)
    with keeper:
        assert keeper.stdout is not None
        kept = os.pidfd_open(int(keeper.stdout.readline().split()[-1]))
        keeper.kill()
        ended, _, _ = select.select([kept], [], [], 30)
        if not ended:
            signal.pidfd_send_signal(kept, signal.SIGKILL)
        os.close(kept)
    assert ended


def test_a_directory_that_is_served_is_refused_at_once_with_the_pid(tmp_path: Path) -> None:
    """The API process was started three times, each waiting for five seconds, while the workers took runners."""
    lock = lock_server(tmp_path)
    try:
        with pytest.raises(ConfigError, match=str(os.getpid())):
            supervisor.supervise(load_settings(tmp_path, {"port": 0}), ["--data", str(tmp_path)], 1, dev=False)
    finally:
        lock.release()
