"""F9 by hand: a bus while somebody sets its wall clock at random. Ends by itself, with 1 on a broken promise.

Example: uv run python benchmarks/faults/clocks.py --steps 1000 --seeds 5
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import structlog
from needlework.bus.testing import ManualClock
from needlework.tests.bus import test_clock


def main() -> int:
    """Run each seed; one line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000, help="steps of up to 10 minutes either way, each 3 s apart")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    broken = 0
    for seed in range(options.seeds):
        clock, begun = ManualClock(), time.monotonic()
        test_clock.SEEN.clear()
        test_clock.CLOCK[:] = [clock]
        with tempfile.TemporaryDirectory() as folder:
            found: dict[str, object] = {"seed": seed, "steps": options.steps}
            try:
                found |= asyncio.run(test_clock.random_steps(Path(folder), clock, steps=options.steps, seed=seed))
            except AssertionError as error:
                broken += 1
                found["broken"] = str(error)[:500]
        print(json.dumps({**found, "seconds": round(time.monotonic() - begun, 1)}), flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
