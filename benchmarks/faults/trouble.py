"""A real server on a disk that is full, fails, or is slow; over HTTP (faults F6, F7, F8).

    python benchmarks/faults/trouble.py --seconds 5
    python benchmarks/faults/trouble.py --only "slow" --publishers 128

One line of JSON for each trouble. Exit code 1 where a promise was broken.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "crash"))

from crash_disk import disk
from crash_trouble import CASES, run, table


def main() -> int:
    """All troubles, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--publishers", type=int, default=16)
    parser.add_argument("--only", choices=list(CASES))
    options = parser.parse_args()
    broken = 0
    for name in [options.only] if options.only else CASES:
        root = Path(tempfile.mkdtemp(prefix="needlework-trouble-"))
        with disk(root / "data") as one:
            seen = run(CASES[name], one, root, seconds=options.seconds, publishers=options.publishers, soon=1)
        print(table(name, seen), flush=True)
        broken += bool(seen.problems)
        shutil.rmtree(root)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
