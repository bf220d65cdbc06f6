"""Processes that are stopped and go on (SIGSTOP, as in a laptop that sleeps), under load (fault F10).

    python benchmarks/faults/stops.py --rounds 20 --seconds 0.5 30

A server alone, then an API and three workers of which each in turn is stopped. In each round 100 delayed messages
fall due meanwhile. Nothing may be lost, doubled or overlap (see fleet.py), the stream goes on by the same connection;
what is overdue starts within a second of going on, never more at once than a runner may; nobody waits for who is
stopped. Exit code 1 where it is not so.
"""

import argparse
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
from fleet import Fleet, begin, check_database, check_trace, drain, free_port, tell
from load import Load

PHASES = ("serve", "workers")
AT_ONCE = 16
"""The runners' concurrency in the plug-in."""
SOON = 1.0
"""Seconds within which what is overdue must begin."""


class Rounds:
    """What the stops of one phase came to; times in seconds."""

    def __init__(self, fleet: Fleet, load: Load, chance: random.Random, messages: int) -> None:
        self.fleet, self.load, self.chance, self.messages = fleet, load, chance, messages
        self.count = 0
        self.first: list[float] = []
        """From going on to the first start of what was overdue, where the stopped process runs it."""
        self.last: list[float] = []
        self.others: list[float] = []
        """From being due to its start, where another process runs it meanwhile."""
        self.problems: list[str] = []

    def round(self, seconds: float) -> None:
        """Publish what falls due, stop a process, let it go on, and wait until all has begun."""
        self.count += 1
        child = self.fleet.children[self.count % len(self.fleet.children)]
        due = time.time() + 0.3
        wall = time.time() - time.monotonic()
        self._publish([due + seconds * self.chance.random() for _ in range(self.messages)])
        child.signal(signal.SIGSTOP)
        self.fleet.let_run(max(0.0, due + seconds - time.time()))
        went_on = time.monotonic()
        child.signal(signal.SIGCONT)
        end = went_on + 30
        while len(found := self._starts()) < 2 * self.messages and time.monotonic() < end:
            self.fleet.let_run(0.1)
        self._note(found, child.process.pid, went_on, wall)

    def _publish(self, dues: list[float]) -> None:
        body = [
            {"topic": "fleet.step", "key": {"name": f"late{self.count}.{place}"}, "data": {"number": int(due * 1e6)},
             "deliver_after": due}
            for place, due in enumerate(dues)
        ]  # fmt: skip
        with httpx2.Client(base_url=self.load.url, timeout=60) as client:
            answer = client.post("/api/internal/pubsub/publish", json=body)
        if not answer.is_success:
            raise RuntimeError(f"{answer.status_code} {answer.text[:500]}")

    def _starts(self) -> list[tuple[float, int, float]]:
        """(due by the wall clock, process, start by the steady clock) of this round's messages."""
        lines = map(str.split, (self.fleet.folder / "trace.log").read_text().splitlines())
        return [
            (int(line[3]) / 1e6, int(line[5]), int(line[6]) / 1e6)
            for line in lines
            if len(line) == 7 and line[0] == "S" and line[2].startswith(f"late{self.count}.")
        ]

    def _note(self, found: list[tuple[float, int, float]], pid: int, went_on: float, wall: float) -> None:
        if len(found) != 2 * self.messages:
            self.problems.append(f"STARTS {len(found)} of {2 * self.messages} in round {self.count}")
        own = [at - went_on for due, where, at in found if where == pid and due - wall <= went_on]
        self.others += [at - (due - wall) for due, where, at in found if where != pid]
        self.problems += [f"EARLY by {due - wall - at:.4f} s" for due, _, at in found if at < due - wall - 0.002]
        if own:
            self.first.append(min(own))
            self.last.append(max(own))
            if min(own) > SOON:
                self.problems.append(f"LATE: the first after {min(own):.2f} s in round {self.count}")


def busiest(folder: Path) -> int:
    """The most deliveries of one runner that ran at the same moment."""
    most, running = 0, Counter[str]()
    for line in sorted(map(str.split, (folder / "trace.log").read_text().splitlines()), key=lambda line: int(line[6])):
        runner = line[1].partition(":")[2]
        running[runner] += 1 if line[0] == "S" else -1
        most = max(most, running[runner])
    return most


def stops(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One phase; its figures and its problems."""
    port, chance = free_port(), random.Random(options.seed)
    fleet = Fleet(folder, name, port, chance)
    load = Load(f"http://127.0.0.1:{port}", patience=options.seconds[1] + 20)
    begin(fleet, load)
    rounds, began, cuts = Rounds(fleet, load, chance, options.messages), time.monotonic(), load.resumes
    for _ in range(options.rounds):
        rounds.round(chance.uniform(*options.seconds))
    cuts = load.resumes - cuts
    drain(fleet, load)
    problems = fleet.stop() + load.problems + rounds.problems + check_trace(folder, []) + check_database(folder, load)
    problems += [f"CUTS: the stream was cut {cuts} times"] if cuts else []
    problems += [f"BUSY: {most} of one runner at once"] if (most := busiest(folder)) > AT_ONCE else []
    return {
        "phase": name, "rounds": options.rounds, "seconds": round(time.monotonic() - began, 1),
        "first_ms": _worst(rounds.first), "last_ms": _worst(rounds.last), "others_ms": _worst(rounds.others),
        "at_once": most, "acknowledged": len(load.acked), "replies": dict(load.replies), "refused": dict(load.refused),
        "events_watched": len(load.events), "problems": problems,
    }  # fmt: skip


def _worst(times: list[float]) -> dict[str, int]:
    ordered = sorted(round(each * 1000) for each in times) or [0]
    return {"p50": ordered[len(ordered) // 2], "max": ordered[-1]}


def main() -> int:
    """Run both phases, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=20, help="of each phase")
    parser.add_argument("--seconds", type=float, nargs=2, default=[0.5, 30.0], help="the shortest and the longest stop")
    parser.add_argument("--messages", type=int, default=100, help="that fall due in a round")
    parser.add_argument("--phase", choices=PHASES, action="append", help="only this one; may be given again")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    names = options.phase or PHASES
    return tell("stops", names, options.seed, lambda name, folder: stops(name, folder, options))


if __name__ == "__main__":
    sys.exit(main())
