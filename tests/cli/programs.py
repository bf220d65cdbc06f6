"""A `needlework …` that runs as a process of its own; its output is read line by line, and it ends with the test."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path


class Program:
    """A running program; use it as a context, which ends it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def line(self, pattern: str) -> str:
        """The next line of its output in which a pattern is found. Raises StopIteration at the end of it."""
        assert self.process.stdout is not None
        return next(found for found in self.process.stdout if re.search(pattern, found))

    def rest(self) -> str:
        """What it prints until its end."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.rest()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()


def running(*words: str, folder: Path, module: str = "needlework") -> Program:
    """`python -m MODULE WORDS` in a folder, without settings of this machine."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NEEDLEWORK_")}
    return Program(
        subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ, cwd=folder,
        )
    )  # fmt: skip
