"""SIGKILL at random instants under 64 producers, many times on one data directory (faults F1, F20, F21, F22).

    python benchmarks/faults/kills.py --kills 2000 --seconds 3600

Ends after `--kills` or `--seconds`, drains, checks, prints a table and one line of JSON. Exit code 1 where a
promise was broken. The directory of a broken run is kept and named.
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

from crash_checks import buried, check_database
from crash_kit import Tally, check_trace, drain, kill_once, read_acks, read_trace, summary


def run(folder: Path, options: argparse.Namespace, tally: Tally) -> None:
    """The kills: most while it works, some while it starts, a few polite stops between."""
    chance = random.Random(options.seed)
    end = time.monotonic() + options.seconds
    while tally.kills < options.kills and time.monotonic() < end:
        starting = chance.random() < 0.15
        seconds = -0.8 * chance.random() if starting else options.life * chance.random()
        words = ["--rate", options.rate, "--keys", options.keys, "--failing", 0.1, "--grace", 0.1]
        words += ["--only", options.only] if options.only else []
        kill_once(folder, tally.kills, seconds, tally, *words, politely=chance.random() < options.polite)
        if tally.problems:
            return


def check(folder: Path, tally: Tally) -> list[str]:
    """Everything that a drained directory and its traces show."""
    return tally.problems + check_trace(read_trace(folder)) + check_database(folder)


def main() -> int:
    """Run, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--life", type=float, default=0.6, help="seconds a process lives at most after it is ready")
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--polite", type=float, default=0.05, help="share of SIGTERM instead of SIGKILL")
    parser.add_argument("--only", help="one kind of message: ordered, keyed, delayed, …")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder, tally = Path(tempfile.mkdtemp(prefix="needlework-kills-")), Tally()
    run(folder, options, tally)
    drained = time.monotonic()
    drain(folder, tally, seconds=900)
    drained = time.monotonic() - drained
    problems, acks, traces = check(folder, tally), read_acks(folder), read_trace(folder)
    result = {
        "program": "kills",
        "kills": tally.kills,
        "acknowledged": len(acks),
        "handler_starts": sum(line[0] == "S" for line in traces),
        "lost": sum(problem.startswith("LOST") for problem in problems),
        "problems": len(problems),
        "kinds": summary(problems),
        "dead_letters": dict(buried(folder)),
        "ready_p50": round(tally.percentile(0.5), 3),
        "ready_p99": round(tally.percentile(0.99), 3),
        "ready_max": round(max(tally.ready, default=0), 3),
        "drain_seconds": round(drained, 1),
        "database_mib": round((folder / "needlework.db").stat().st_size / 2**20, 1),
        "seed": options.seed,
    }
    for name, value in result.items():
        print(f"{name:>16}  {value}")
    print("\n".join(problems[:20]))
    print(json.dumps(result))
    if problems:
        print(f"kept: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
