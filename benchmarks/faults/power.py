"""Power cuts: a run's writes are recorded, and disks are made as they may be after the power went (fault F3).

    python benchmarks/faults/power.py --instants 2000

At each instant of the recorded lives (killed, started again, written back, migrated) five images are made, one for
each way in which what is not synced may be lost. Every image must open, be whole, and hold what was acknowledged
before; every 20th is opened by the bus, drained and checked. Exit code 1 where one is corrupt or lacks anything.
`--failing 0.05` lets syncs fail in the recorded lives: what they should have written is then gone for good.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "crash"))

from crash_disk import disk
from crash_images import WAYS, Machine, check_image, read_trace
from crash_kit import summary
from crash_lives import Lives, lives


def cut(root: Path, trace: Path, one: Lives, options: argparse.Namespace) -> dict[str, object]:
    """All images of a trace, one after the other."""
    steps, chance, machine = list(read_trace(trace)), random.Random(options.seed), Machine()
    instants = set(chance.sample(range(len(steps)), min(options.instants, len(steps))))
    images = opened = 0
    problems: list[str] = []
    for number, step in enumerate(steps):
        machine.step(step)
        for way in WAYS if number in instants else ():
            folder = root / "image"
            folder.mkdir()
            machine.image(folder, way, chance)
            found, images = check_image(folder), images + 1
            if images % options.open_every == 0:
                found, opened = found + one.check_opened(folder), opened + 1
            problems += [f"{number} {way}: {problem}" for problem in found]
            shutil.rmtree(folder)
    print("\n".join(problems[:20]))
    return {
        "program": "power",
        "changes_recorded": len(steps),
        "syncs": sum(step.what == "S" for step in steps),
        "syncs_failed": sum(step.what == "S" and step.offset != 0 for step in steps),
        "acknowledged": len(machine.acks.splitlines()),
        "instants": len(instants),
        "images": images,
        "opened_by_the_bus": opened,
        "corrupt": sum("CORRUPT" in problem for problem in problems),
        "lossy": sum("LOST" in problem for problem in problems),
        "problems": len(problems),
        "kinds": summary([problem.split(": ", 1)[1] for problem in problems]),
    }


def main() -> int:
    """Record, cut, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--instants", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5, help="lives that are recorded")
    parser.add_argument("--failing", type=float, default=0.0, help="share of syncs that fail in them")
    parser.add_argument("--open-every", type=int, default=20, help="every so many images are opened by the bus")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    root, began = Path(tempfile.mkdtemp(prefix="needlework-power-")), time.monotonic()
    with disk(root / "data", root / "trace") as recording, lives(recording) as one:
        problems = one.many(root / "data", options.rounds, random.Random(options.seed), failing=options.failing)
        assert not problems, problems
        result = cut(root, root / "trace", one, options)
    result["seconds"] = round(time.monotonic() - began)
    for name, value in result.items():
        print(f"{name:>18}  {value}")
    print(json.dumps(result))
    shutil.rmtree(root)
    return int(bool(result["problems"]))


if __name__ == "__main__":
    sys.exit(main())
