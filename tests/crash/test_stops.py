"""F10 in short (`benchmarks/faults/stops.py`): a server that is stopped and goes on, and one process of several."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "faults" / "stops.py"


def test_f10_who_is_stopped_and_goes_on_doubles_nothing_and_is_soon_up_to_date() -> None:
    """Both phases side by side: they wait most of the time."""
    options = ["--rounds", "3", "--seconds", "0.5", "0.9", "--messages", "40"]
    running = {
        phase: subprocess.Popen(
            [sys.executable, PROGRAM, *options, "--phase", phase],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for phase in ("serve", "workers")
    }
    for phase, process in running.items():
        out, err = process.communicate(timeout=150)
        assert process.returncode == 0, (phase, out, err)
        found = json.loads(out)
        assert (found["rounds"], found["problems"]) == (3, 0)
        assert 0 < found["first_ms"]["max"] < 1000
        assert 0 < found["at_once"] <= 16, "not all at once"
        assert found["acknowledged"] > 50
        assert found["events_watched"] > 100
