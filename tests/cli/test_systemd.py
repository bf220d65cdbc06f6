"""Under systemd: a socket that listens already is served, readiness and the stop are told, signs of life come."""

import asyncio
import errno
import io
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from needlework import worker
from needlework.cli import systemd
from needlework.settings import load_settings

AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, "-m", "needlework", *sys.argv[2:]])
"""


def heard(channel: socket.socket) -> str:
    """The next thing that the service says."""
    return channel.recv(4096).decode()


def test_a_server_serves_the_socket_it_was_given_and_says_when_it_is_ready(tmp_path: Path) -> None:
    name = f"needlework-test-{os.getpid()}"
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        channel.bind(f"\0{name}")
        channel.settimeout(30)
        environ = {key: text for key, text in os.environ.items() if not key.startswith("NEEDLEWORK_")}
        environ |= {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "400000"}
        words = ["serve", "--data", str(tmp_path / "data")]
        command = [sys.executable, "-c", AS_SYSTEMD, str(listener.fileno()), *words]
        process = subprocess.Popen(command, env=environ, pass_fds=[listener.fileno()], stdout=subprocess.DEVNULL)
        try:
            assert heard(channel) == "READY=1"
            assert [heard(channel), heard(channel)] == ["WATCHDOG=1"] * 2
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert httpx2.get(f"{url}/healthz", trust_env=False, timeout=10).status_code == 200
            process.send_signal(signal.SIGTERM)
            while (word := heard(channel)) != "STOPPING=1":
                assert word == "WATCHDOG=1"
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()


def test_a_systemd_that_is_gone_keeps_nothing_from_stopping_in_order(tmp_path: Path, monkeypatch: Any) -> None:
    """Where its socket was not there, STOPPING=1 raised before the service had begun to stop."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    systemd.tell("STOPPING=1")


class Full(io.StringIO):
    """A disk that is full; log lines go elsewhere in a service."""

    def write(self, text: str) -> int:
        if "is ready" in text:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(text)


@pytest.mark.anyio
async def test_a_worker_says_when_it_is_ready_and_when_it_stops(tmp_path: Path, monkeypatch: Any) -> None:
    """Also where nobody can read it: it did not start at all where its output went to a disk that was full."""
    said, ready = list[str](), asyncio.Event()
    monkeypatch.setattr(systemd, "tell", lambda state: (said.append(state), ready.set()))
    monkeypatch.setattr(sys, "stdout", Full())
    working = asyncio.create_task(worker._work(load_settings(tmp_path / "data", environ={})))
    waiting = asyncio.create_task(ready.wait())
    async with asyncio.timeout(60):
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            os.kill(os.getpid(), signal.SIGTERM)
        assert await working == 0
    assert said == ["READY=1", "STOPPING=1"]
