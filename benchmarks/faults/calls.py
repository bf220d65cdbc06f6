"""A kill before, inside and after every disk call of a life, and an error at every one (fault F2).

    python benchmarks/faults/calls.py --first 1 --last 1000

A life opens a new database, migrates, publishes, runs handlers, writes the log back, stops; starts again with a
further migration, does the same, stops. Each life ends or is hurt at one call; then a clean one finishes, and
everything is checked. Prints a table and one line of JSON. Exit code 1 where a promise was broken.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "crash"))

from crash_disk import KILL_BEFORE, disk
from crash_kit import read_acks, summary
from crash_lives import ACTIONS, CALLS, lives


def main() -> int:
    """Run, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, default=1000)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--only", choices=list(ACTIONS))
    options = parser.parse_args()
    root, began = Path(tempfile.mkdtemp(prefix="needlework-calls-")), time.monotonic()
    problems: list[str] = []
    runs = acknowledged = 0
    with disk(root) as one, lives(one) as all_lives:
        (root / "whole").mkdir()
        one.at(1 << 40, KILL_BEFORE, CALLS)
        all_lives.live(root / "whole", 1, "live")
        calls = one["seen"]
        for number in range(options.first, options.last + 1, options.step):
            for how in [options.only] if options.only else ACTIONS:
                folder = root / f"{how}-{number}"
                found = all_lives.strike(folder, number, how)
                runs, acknowledged = runs + 1, acknowledged + len(read_acks(folder))
                if found:
                    print("\n".join(found), flush=True)
                else:
                    shutil.rmtree(folder)
                problems += found
    result = {
        "program": "calls",
        "calls_of_a_life": calls,
        "first": options.first,
        "last": options.last,
        "lives": runs,
        "acknowledged": acknowledged,
        "lost": sum("LOST" in problem for problem in problems),
        "problems": len(problems),
        "kinds": summary([problem.split(": ", 1)[1] for problem in problems]),
        "seconds": round(time.monotonic() - began),
    }
    for name, value in result.items():
        print(f"{name:>16}  {value}")
    print(json.dumps(result))
    if problems:
        print(f"kept: {root}", file=sys.stderr)
        return 1
    shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
