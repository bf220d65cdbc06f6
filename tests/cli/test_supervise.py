"""`supervise`: an API and workers in one terminal, started again when they die, stopped in order."""

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from needlework import supervisor


@contextmanager
def supervising(folder: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", Callable[[str], str]]]:
    """A running `python -m needlework.supervisor`, and the next line of its output that matches."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NEEDLEWORK_")}
    command = [sys.executable, "-m", "needlework.supervisor", "--port", "0", "--data", str(folder / "data"), *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ, cwd=folder
    )
    out = process.stdout
    assert out is not None

    def line(pattern: str) -> str:
        return next(found for found in out if re.search(pattern, found))

    try:
        yield process, line
    finally:
        process.send_signal(signal.SIGTERM)
        out.read()
        process.wait(timeout=30)
        out.close()


def test_what_dies_starts_again_at_the_same_address_and_a_stop_ends_all(tmp_path: Path) -> None:
    with supervising(tmp_path, "--workers", "1") as (process, line):
        worker = int(line("is ready").split()[-3])
        url = line("^needlework is listening").split()[-1]
        note = {"title": "Call", "body_md": "It fails since Monday."}
        assert httpx2.post(f"{url}/api/notes", json=note, timeout=30).json()["created"] is True
        os.kill(worker, signal.SIGKILL)
        assert "ended with -9" in line("starts again")
        assert int(line("is ready").split()[-3]) != worker
        api = int((tmp_path / "data" / "needlework.lock").read_text().split()[0])
        os.kill(api, signal.SIGKILL)
        line("ended with -9")
        answer = httpx2.post(f"{url}/api/notes", json={**note, "title": "Two"}, timeout=30)  # asked while none listens
        assert answer.json()["created"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(url)


def test_a_configuration_that_is_wrong_ends_it_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "data" / "plugins").mkdir(parents=True)
    (tmp_path / "data" / "plugins" / "broken.py").write_text("import nothing_of_this_name\n")
    with supervising(tmp_path, "--workers", "1") as (process, line):
        assert "nothing_of_this_name" in line("nothing_of_this_name")
        line("starts again")
        assert process.stdout is not None
        process.stdout.read()
        assert process.wait(30) == 1


def test_the_pause_before_a_start_grows_is_bounded_and_can_be_repeated() -> None:
    pauses = [supervisor.backoff(deaths, random.Random(1)) for deaths in range(1, 20)]
    assert pauses == [supervisor.backoff(deaths, random.Random(1)) for deaths in range(1, 20)]
    assert pauses[0] < 0.2 < pauses[3]
    assert max(pauses) <= supervisor.MOST * 1.5
