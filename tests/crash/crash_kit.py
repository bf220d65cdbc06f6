"""The parent's side: start a child, kill it, start it again, and hold what it left against what was promised."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("crash_child.py")
READY_WITHIN = 30.0


class Child:
    """A child process; its lines are read without ever waiting longer than asked."""

    def __init__(self, *command: str | Path, environment: dict[str, str] | None = None) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        self._streams = {"out": self.process.stdout, "err": self.process.stderr}
        self._text = {"out": b"", "err": b""}

    @property
    def out(self) -> str:
        return self._text["out"].decode(errors="replace")

    @property
    def err(self) -> str:
        return self._text["err"].decode(errors="replace")

    def read(self, seconds: float) -> bool:
        """Take what comes within `seconds`; False at the end of both streams or of the time."""
        files = [file for file in self._streams.values() if file is not None]
        readable, _, _ = select.select(files, [], [], max(0.0, seconds)) if files else ([], [], [])
        for name, file in list(self._streams.items()):
            if file in readable and file is not None:
                data = os.read(file.fileno(), 65536)
                self._text[name] += data
                if not data:
                    file.close()
                    self._streams[name] = None
        return bool(readable)

    def until(self, word: str, seconds: float = READY_WITHIN) -> bool:
        """Until `word` was printed. False where the child ended before; raises TimeoutError."""
        end = time.monotonic() + seconds
        while word not in self.out:
            if not any(self._streams.values()):
                return False
            if time.monotonic() > end:
                raise TimeoutError(f"no {word!r} within {seconds} s: {self.out[-500:]} {self.err[-2000:]}")
            self.read(0.5)
        return True

    def run_for(self, seconds: float) -> bool:
        """Let it run; False where it ended by itself."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not any(self._streams.values()):
                return False
            self.read(left)
        return True

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to it and to whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def wait(self, seconds: float = 30.0) -> int:
        """Its exit code (negative: the signal); everything it printed is read."""
        end = time.monotonic() + seconds
        while any(self._streams.values()) and time.monotonic() < end:
            self.read(0.5)
        return self.process.wait(max(0.1, end - time.monotonic()))

    def close(self) -> None:
        """Nothing of it stays."""
        self.kill()
        self.process.wait(10)
        for file in self._streams.values():
            if file is not None:
                file.close()


@contextlib.contextmanager
def child(folder: Path, *options: str | float | Path, at: str | None = None) -> Iterator[Child]:
    """A crash child on a data directory, gone at the end."""
    words = [str(option) for option in options]
    one = Child(sys.executable, CHILD, folder, *words, environment={"CRASH_AT": at or ""})
    try:
        yield one
    finally:
        one.close()


class Tally:
    """What a series of kills came to."""

    def __init__(self) -> None:
        self.kills = self.acknowledged = 0
        self.ready: list[float] = []
        self.problems: list[str] = []
        self.figures: dict[str, Any] = {}

    def percentile(self, share: float) -> float:
        times = sorted(self.ready)
        return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0


def kill_once(
    folder: Path, generation: int, seconds: float, tally: Tally, *options: str | float, politely: bool = False
) -> None:
    """One generation: start, run for `seconds` after ready (negative: before), SIGKILL (or SIGTERM)."""
    with child(folder, "--generation", generation, *options) as one:
        if seconds < 0:
            one.run_for(-seconds)
        elif one.until("ready"):
            tally.ready.append(time.monotonic() - one.started)
            one.run_for(seconds)
        if one.process.poll() is not None or "failed" in one.out:
            tally.problems.append(f"generation {generation} ended by itself: {one.out[-500:]} {one.err[-2000:]}")
        if politely and "ready" in one.out:
            one.signal(signal.SIGTERM)
            code = one.wait()
            if code != 0 or "stopped" not in one.out:
                tally.problems.append(f"generation {generation} stopped with {code}: {one.err[-2000:]}")
        one.kill()
        tally.kills += 1


def drain(folder: Path, tally: Tally, *options: str | float, seconds: float = 120.0) -> None:
    """The last generation: finish everything, stop in order."""
    with child(folder, "--drain", *options) as one:
        one.until("stopped", seconds)
        code = one.wait()
        if code != 0:
            tally.problems.append(f"the drain ended with {code}: {one.err[-3000:]}")


def read_acks(folder: Path) -> list[tuple[int, str, str, int]]:
    """(seq, kind, origin, number) of each acknowledged publish."""
    path = folder / "acks.log"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(seq), kind, origin, int(number)) for seq, kind, origin, number in map(str.split, lines)]


Trace = tuple[str, str, int, int, str, int, int]


def read_trace(folder: Path) -> list[Trace]:
    """(what, runner, message, attempt, key, process, monotonic microseconds), in the order of writing."""
    found: list[Trace] = []
    with (folder / "trace.log").open() as file:
        for line in file:
            what, runner, message, attempt, key, process, at, _ = line.split()
            found.append((what, runner, int(message), int(attempt), key, int(process), int(at)))
    return found


def check_trace(trace: list[Trace]) -> list[str]:
    """P2, P3, P4, P6 from outside: no overlap of a key or a delivery, order, rising attempts, never early."""
    problems: list[str] = []
    running: dict[tuple[str, str], tuple[int, int]] = {}
    latest: dict[tuple[str, str], int] = defaultdict(int)
    attempts: dict[tuple[str, int], int] = defaultdict(int)
    here: set[tuple[str, int]] = set()
    current = stopping = 0
    for what, runner, message, attempt, key, process, _ in trace:
        if process != current:
            running.clear()  # every earlier process is dead
            here.clear()
            current, stopping = process, 0
        place = (runner, key if key != "-" else f"#{message}")
        if what == "STOP":  # what it breaks off loses no attempt
            stopping = 1
            for seen in here:
                attempts[seen] -= 1
        elif what == "EARLY":
            problems.append(f"message {message} started before it was due")
        elif what == "S":
            if place in running:
                problems.append(f"{place} runs twice at once: {running[place]} and {message}")
            running[place] = (message, process)
            if key != "-" and message < latest[place]:
                problems.append(f"{place}: {message} started after {latest[place]}")
            latest[place] = message
            if attempt <= attempts[runner, message]:
                problems.append(f"{runner} {message}: attempt {attempt} after {attempts[runner, message]}")
            attempts[runner, message] = attempt - stopping
            here.add((runner, message))
        else:
            running.pop(place, None)
    return problems


def summary(problems: list[str]) -> dict[str, int]:
    """Problems counted by their first words, for a table."""
    return dict(Counter(" ".join(problem.split()[:2]) for problem in problems))
