"""Random kills of whole fleets under load: a server, an API with three workers, a supervisor with two.

    python benchmarks/faults/fleet.py --minutes 60

Each phase publishes, asks and watches over HTTP while processes are killed (some are told to stop) and started again;
then it drains, stops and checks: nothing lost, one outcome each, no overlap of a key, the limit kept, replies right,
the stream without gap or repeat. Ends by itself; exit code 1 where something was broken, and the directory is kept.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from load import Load

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "crash"))

from crash_kit import Child

PLUGIN = Path(__file__).resolve().parents[2] / "tests" / "crash" / "plugin_fleet"
PHASES = {
    "serve": [["serve"]],
    "workers": [["serve", "--api-only"], ["worker"], ["worker"], ["worker"]],
    "supervise": [["supervise", "--workers", "2"]],
}
LIMIT = 2


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Fleet:
    """The processes of one phase."""

    def __init__(self, folder: Path, phase: str, port: int, chance: random.Random, plugin: Path = PLUGIN) -> None:
        self.folder, self.port, self.chance, self.plugin = folder, port, chance, plugin
        self.commands = PHASES[phase]
        self.children = [self._start(words) for words in self.commands]
        self.kills: list[tuple[int, int]] = []
        self.stops = 0

    def _start(self, words: list[str]) -> Child:
        more = ["--data", str(self.folder / "data"), "--plugins", str(self.plugin)]
        more += [] if words[0] == "worker" else ["--port", str(self.port)]
        environ = {"FLEET": str(self.folder), "NEEDLEWORK_LOG": "json", "NEEDLEWORK_LOG_LEVEL": "warning",
                   "NEEDLEWORK_GRACE": "5s"}  # fmt: skip
        return Child(sys.executable, "-m", "needlework", *words, *more, environment=environ)

    def let_run(self, seconds: float) -> None:
        """Read what they print meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for child in self.children:
                child.read(0.02)

    def _note(self, pid: int) -> None:
        self.kills.append((pid, time.monotonic_ns() // 1000))

    def disturb(self) -> None:
        """Kill one process, or tell it to stop, and start it again; under a supervisor, kill one of its children."""
        if self.commands[0][0] == "supervise":
            for pid in self.chance.sample(pids := attached(self.folder), min(1, len(pids))):
                os.kill(pid, signal.SIGKILL)
                self._note(pid)
            return
        place = self.chance.randrange(len(self.children))
        child = self.children[place]
        if self.chance.random() < 0.25:
            child.signal(signal.SIGTERM)
            child.wait(30)
            self.stops += 1
        else:
            child.kill()
        child.process.wait(10)
        self._note(child.process.pid)
        child.close()
        self.children[place] = self._start(self.commands[place])

    def stop(self) -> list[str]:
        """Everything in order, the workers first; what went wrong."""
        problems = []
        for child in reversed(self.children):
            child.signal(signal.SIGTERM)
            if code := child.wait(40):
                problems.append(f"a process ended with {code}: {child.err[-500:]}")
            child.close()
        return problems


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the database says."""
    connection = sqlite3.connect(f"file:{folder / 'data' / 'needlework.db'}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def attached(folder: Path) -> list[int]:
    """The living processes of this run that are attached."""
    found = [str(pid) for (pid,) in rows(folder, "SELECT pid FROM processes")]
    commands = {pid: Path(f"/proc/{pid}/cmdline") for pid in found}
    return [int(pid) for pid, path in commands.items() if path.exists() and str(folder) in path.read_text()]


def check_trace(folder: Path, kills: list[tuple[int, int]]) -> list[str]:
    """No overlap of a key, never more than the limit, starts of a key in order; who was killed runs nothing."""
    lines = [line.split() for line in (folder / "trace.log").read_text().splitlines()]
    moves = [(int(line[6]), 1, line) for line in lines if len(line) == 7]
    moves += [(at, 0, ["K", "", "", "", "", str(pid), ""]) for pid, at in kills]
    problems: list[str] = []
    running: dict[tuple[str, str, str], str] = {}
    latest: dict[tuple[str, str], int] = {}
    for _, _, (what, kind, key, number, _, pid, _) in sorted(moves, key=lambda move: move[:2]):
        if what == "K":
            running = {place: owner for place, owner in running.items() if owner != pid}
        elif what == "E":
            running.pop((kind, key, number), None)
        else:
            if key != "-":
                if any(place[:2] == (kind, key) for place in running):
                    problems.append(f"OVERLAP {kind} {key} {number}: {running}")
                if int(number) < latest.get((kind, key), 0):
                    problems.append(f"ORDER {kind} {key}: {number} after {latest[kind, key]}")
                latest[kind, key] = int(number)
            running[kind, key, number] = pid
            if sum(place[0].startswith("narrow:") for place in running) > LIMIT:
                problems.append(f"LIMIT {running}")
    return problems


def check_database(folder: Path, load: Load) -> list[str]:
    """Nothing lost, one outcome each, the stream as the log has it."""
    problems = [] if rows(folder, "PRAGMA integrity_check") == [("ok",)] else ["integrity_check"]
    left = {table: rows(folder, f"SELECT count(*) FROM {table}")[0][0]
            for table in ("deliveries", "parked", "heads", "windows", "owners", "processes", "asks")}  # fmt: skip
    problems += [f"LEFT {count} rows in {table}" for table, count in left.items() if count]
    ended = "kind IN ('result', 'refused', 'dead', 'cancelled')"
    wrong = rows(folder, f"SELECT seq FROM messages m WHERE owed <>"
                         f" (SELECT count(*) FROM events e WHERE e.message = m.seq AND {ended})")  # fmt: skip
    problems += [f"OUTCOMES of message {seq}" for (seq,) in wrong[:10]]
    stored = rows(folder, "SELECT count(*) FROM messages m JOIN names n ON n.id = m.topic"
                          " WHERE n.name IN ('fleet.step', 'fleet.narrow')")[0][0]  # fmt: skip
    if len(load.acked) > stored:
        problems.append(f"LOST {len(load.acked) - stored} acknowledged messages")
    logged = [seq for (seq,) in rows(folder, "SELECT e.seq FROM events e JOIN names n ON n.id = e.topic"
                                             " WHERE n.name = 'fleet.step' ORDER BY e.seq")]  # fmt: skip
    if load.events != logged[: len(load.events)] or len(load.events) < len(logged) * 0.5:
        at = next((i for i, (a, b) in enumerate(zip(load.events, logged, strict=False)) if a != b), None)
        problems.append(f"STREAM of {len(load.events)} events, {len(logged)} in the log, first difference at {at}")
    return problems


def begin(fleet: Fleet, load: Load) -> None:
    """Until something is published and something answered."""
    load.start()
    end = time.monotonic() + 60
    while not (load.acked and load.replies) and time.monotonic() < end:
        fleet.let_run(0.1)


def drain(fleet: Fleet, load: Any, seconds: float = 120.0) -> None:
    """No more load; until nothing is left to do."""
    load.stop.set()
    end = time.monotonic() + seconds
    busy = "SELECT (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM parked)"
    while time.monotonic() < end and (
        rows(fleet.folder, busy)[0][0] or any(map(threading.Thread.is_alive, load.threads))
    ):
        fleet.let_run(0.2)


def phase(name: str, folder: Path, seconds: float, chance: random.Random, pause: float) -> dict[str, Any]:
    """One phase; its figures and its problems."""
    port = free_port()
    fleet, load = Fleet(folder, name, port, chance), Load(f"http://127.0.0.1:{port}")
    begin(fleet, load)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fleet.disturb()
        fleet.let_run(pause * (0.5 + chance.random()))
    fleet.let_run(3)
    drain(fleet, load)
    problems = fleet.stop() + load.problems + check_trace(folder, fleet.kills) + check_database(folder, load)
    return {
        "phase": name, "kills": len(fleet.kills) - fleet.stops, "stops": fleet.stops, "acknowledged": len(load.acked),
        "replies": dict(load.replies), "events_watched": len(load.events), "resumes": load.resumes,
        "problems": problems,
    }  # fmt: skip


@contextlib.contextmanager
def scratch(name: str, problems: list[str]) -> Iterator[Path]:
    """A directory, kept and named where there are problems at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"needlework-{name}-"))
    (folder / "data").mkdir()
    yield folder
    if problems:
        print(f"kept: {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)


def tell(program: str, names: Sequence[str], seed: int, run: Callable[[str, Path], dict[str, Any]]) -> int:
    """Run each phase in a directory of its own and print a line of JSON about it; 1 where one had problems."""
    broken = False
    for name in names:
        problems: list[str] = []
        with scratch(f"{program}-{name}", problems) as folder:
            result = run(name, folder)
            problems += result.pop("problems")
        figures = {**result, "seed": seed, "problems": len(problems), "kinds": problems[:5]}
        print(json.dumps(figures), flush=True)
        broken = broken or bool(problems)
    return 1 if broken else 0


def main() -> int:
    """Run all phases, print, and say whether all held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=3.0, help="in all; a third for each phase")
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between two disturbances, about")
    parser.add_argument("--phase", choices=PHASES, action="append", help="only this one; may be given again")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, names = random.Random(options.seed), options.phase or list(PHASES)
    seconds = options.minutes * 60 / len(names)
    return tell("fleet", names, options.seed, lambda name, folder: phase(name, folder, seconds, chance, options.pause))


if __name__ == "__main__":
    sys.exit(main())
