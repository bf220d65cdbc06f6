"""`supervise`: an API and workers in one terminal, started again when they die, stopped in order."""

import os
import random
import signal
from pathlib import Path

import httpx2
import pytest
from needlework import supervisor
from needlework.tests.cli.programs import Program, running


def supervising(folder: Path, *words: str) -> Program:
    """A running `python -m needlework.supervisor`."""
    more = ("--port", "0", "--data", str(folder / "data"), *words)
    return running(*more, folder=folder, module="needlework.supervisor")


def test_what_dies_starts_again_at_the_same_address_and_a_stop_ends_all(tmp_path: Path) -> None:
    with supervising(tmp_path, "--workers", "1") as one:
        line = one.line
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
        assert one.stop() == 0
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(url)


def test_a_configuration_that_is_wrong_ends_it_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "data" / "plugins").mkdir(parents=True)
    (tmp_path / "data" / "plugins" / "broken.py").write_text("import nothing_of_this_name\n")
    with supervising(tmp_path, "--workers", "1") as one:
        assert "nothing_of_this_name" in one.line("nothing_of_this_name")
        one.line("starts again")
        one.rest()
        assert one.process.wait(30) == 1


def test_the_pause_before_a_start_grows_is_bounded_and_can_be_repeated() -> None:
    pauses = [supervisor.backoff(deaths, random.Random(1)) for deaths in range(1, 20)]
    assert pauses == [supervisor.backoff(deaths, random.Random(1)) for deaths in range(1, 20)]
    assert pauses[0] < 0.2 < pauses[3]
    assert max(pauses) <= supervisor.MOST * 1.5
