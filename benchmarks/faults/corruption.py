"""One bit flipped, one page zeroed, one cut, in the database, its log and its shared memory (fault F12).

    python benchmarks/faults/corruption.py --places 500

Each place is a fresh copy of the files of a killed bus. Prints a table and one line of JSON; exit code 1 where
something acknowledged was lost without a word, or a start failed with anything but one clear line.
"""

import argparse
import asyncio
import json
import logging
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "crash"))

from crash_damage import GOOD, NAMES, WAYS, Killed, damage


async def run(folder: Path, places: int, seed: int) -> tuple[Counter[tuple[str, str, str]], list[str]]:
    """(file, way, outcome) -> how often; what was wrong, with its place."""
    chance, counts, wrong = random.Random(seed), Counter[tuple[str, str, str]](), list[str]()
    killed = Killed(folder / "killed")
    await killed.make()
    for number in range(places):
        copy = folder / f"copy-{number}"
        shutil.copytree(killed.folder, copy)
        name, way = NAMES[number % 3], WAYS[number // 3 % 3]
        where = damage(copy / name, way, chance)
        outcome = await killed.start_again(copy)
        counts[name, way, outcome if outcome in GOOD else "BAD"] += 1
        if outcome not in GOOD:
            wrong.append(f"{where}: {outcome}")
        shutil.rmtree(copy)
    return counts, wrong


def main() -> int:
    """Run, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--places", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="needlework-corruption-") as folder:
        counts, wrong = asyncio.run(run(Path(folder), options.places, options.seed))
    for (name, way, outcome), count in sorted(counts.items()):
        print(f"{name:<18} {way:<5} {count:>4}  {outcome}")
    print("\n".join(wrong[:20]))
    totals = Counter[str]()
    for (_, _, outcome), count in counts.items():
        totals[outcome] += count
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"program": "corruption", "places": options.places, **totals, "seconds": seconds}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
