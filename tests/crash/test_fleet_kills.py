"""The short form of `benchmarks/faults/fleet.py`: an API and workers killed under load, nothing lost or overlapped."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "faults" / "fleet.py"


def test_an_api_and_its_workers_are_killed_under_load() -> None:
    command = [sys.executable, PROGRAM, "--minutes", "0.1", "--pause", "2", "--phase", "workers"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] + found["stops"] >= 2
    assert found["acknowledged"] > 50
    assert found["problems"] == 0
