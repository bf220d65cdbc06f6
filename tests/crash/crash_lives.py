"""The parent of `crash_disk_child.py`: lives on a disk that kills or fails at one call, held against what must be."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from crash_checks import check_database
from crash_disk import FAIL, KILL_AFTER, KILL_BEFORE, KILL_INSIDE, SYNC, TRUNCATE, UNLINK, WRITE, Disk
from crash_kit import check_trace, read_trace

CALLS = WRITE | SYNC | TRUNCATE | UNLINK
ACTIONS = {"before": KILL_BEFORE, "inside": KILL_INSIDE, "after": KILL_AFTER, "EIO": FAIL}
_SIGKILL = -9


class Lives:
    """Runs lives one after the other, each in a process of its own."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("crash_disk_child.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **disk.environment},
        )  # fmt: skip
        assert self._line() == "ready\n"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def live(self, folder: Path, generation: int, how: str) -> tuple[int, str]:
        """One life: its exit code (negative: the signal) and what it said."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{folder} {generation} {how}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = msgspec.json.decode(self._line())
        return answer["status"], answer["text"]

    def close(self) -> None:
        """The last life is over."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def many(self, folder: Path, rounds: int, chance: random.Random, *, failing: float = 0.0) -> list[str]:
        """Lives of one directory, each killed at some call, `failing` of its syncs failing; then a clean one."""
        folder.mkdir()
        for number in range(rounds):
            self.disk.heal()
            if failing:
                self.disk.fail(SYNC, share=failing)
                self.live(folder, 2 * number, "live")
            self.disk.heal()
            self.disk.at(chance.randrange(100, 900), KILL_AFTER, CALLS)
            self.live(folder, 100 + 2 * number, "live")
        self.disk.heal()
        status, text = self.live(folder, 999, "drain")
        return [] if status == 0 else [f"the drain ended with {status}: {text}"]

    def check_opened(self, folder: Path) -> list[str]:
        """Open a directory with the bus, finish all there is, and look at what is left."""
        status, text = self.live(folder, 9, "drain")
        return check_database(folder) if status == 0 else [f"the drain ended with {status}: {text}"]

    def strike(self, folder: Path, number: int, how: str) -> list[str]:
        """A life with one action at its `number`-th call, then a clean one; every broken promise."""
        folder.mkdir()
        self.disk.heal()
        self.disk.at(number, ACTIONS[how], CALLS)
        status, text = self.live(folder, 1, "live")
        struck = self.disk["struck"]
        self.disk.heal()
        wanted = _SIGKILL if struck and how != "EIO" else 0
        problems = [f"ended with {status}: {text}"] if status != wanted else []
        status, text = self.live(folder, 9, "drain")
        if status != 0:
            problems.append(f"the drain ended with {status}: {text}")
        problems += check_trace(read_trace(folder)) + check_database(folder)
        return [f"{how} {number}: {problem}" for problem in problems]


@contextmanager
def lives(disk: Disk) -> Iterator[Lives]:
    """A process that lives many times."""
    one = Lives(disk)
    try:
        yield one
    finally:
        one.close()
