"""The short form of `benchmarks/faults/movers.py`: what processes hold of needle movers in memory, over kills."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "faults" / "movers.py"


def test_what_each_process_holds_in_memory_is_what_the_tables_say_after_changes_and_kills() -> None:
    command = [sys.executable, PROGRAM, "--minutes", "0.01", "--pause", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] + found["stops"] >= 1
    assert found["looks"] >= 14
    assert found["asked at the end"] >= 2
    assert found["problems"] == 0
