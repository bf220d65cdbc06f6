"""Short forms of the programs in `benchmarks/faults/` that attack the wire of the real server (faults S10, F31)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parents[2] / "benchmarks" / "faults"


def run(program: str, *words: str) -> dict[str, Any]:
    """A program's JSON line; it must end well."""
    done = subprocess.run(
        [sys.executable, PROGRAMS / program, *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_stream_that_is_cut_and_whose_server_is_killed_is_exactly_the_log() -> None:
    """F31, P10: ten cuts and a kill; the program itself takes five hundred and ten."""
    found = run("resume.py", "--cuts", "10", "--kills", "1")
    assert found["exactly_the_log"]
    assert (found["gaps"], found["doubles"], found["resets"]) == (0, 0, 0)
    assert found["connections"] >= 10
    assert found["seen"] >= found["acknowledged"] > 0
    assert found["reset_told"]


def test_the_real_server_holds_nothing_of_what_is_too_large() -> None:
    """S10, on a process of its own: what a test's own process grew by says little."""
    (found,) = run("slow_clients.py", "--only", "S10")["results"]
    assert found["grown_mib"] < 64
    assert found["slowest_s"] <= 1
