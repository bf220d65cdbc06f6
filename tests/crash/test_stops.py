"""F10 in short (`benchmarks/faults/stops.py`): a server that is stopped and goes on, and one process of several."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "faults" / "stops.py"


def test_f10_who_is_stopped_and_goes_on_doubles_nothing_and_is_soon_up_to_date() -> None:
    """Both phases side by side: they wait most of the time. How soon is for the program to print."""
    options = ["--rounds", "3", "--seconds", "0.5", "0.9", "--messages", "40"]
    with ThreadPoolExecutor() as pool:
        phases = {phase: pool.submit(_run, *options, "--phase", phase) for phase in ("serve", "workers")}
    for phase, ended in phases.items():
        process = ended.result()
        assert process.returncode == 0, (phase, process.stdout, process.stderr)
        found = json.loads(process.stdout)
        assert (found["rounds"], found["problems"]) == (3, 0)
        assert 0 < found["at_once"] <= 16, "not all at once"
        assert found["acknowledged"] > 50
        assert found["events_watched"] > 100


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAM, *options], capture_output=True, text=True, timeout=150, check=False)
