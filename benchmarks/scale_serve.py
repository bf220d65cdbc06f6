"""`needlework serve` with a stopwatch at the encoder, for `scale.py`: what it costs stands in a file, and grows.

Run by `scale.py`: python benchmarks/scale_serve.py FILE [words of needlework serve …]
"""

import sys
import threading
import time
from pathlib import Path
from typing import Any

from needlework.cli.main import main
from needlework.handlers.text.encoder import MiniLM

EVERY = 100
"""Texts between two writes of the file."""


class Stopwatch:
    """Processor time of the threads inside the encoder, and how many texts it read."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._seconds, self._texts, self._asked = 0.0, 0, 0

    def put_on(self, encoder: Any) -> None:
        """Measure this class from now on."""
        read, ask = encoder._read, encoder._remembered

        def measured(this: Any, text: str) -> Any:
            before = time.thread_time()
            found = read(this, text)
            self._add(time.thread_time() - before)
            return found

        def counted(this: Any, text: str) -> Any:
            self._asked += 1
            return ask(this, text)

        encoder._read, encoder._remembered = measured, counted

    def _add(self, seconds: float) -> None:
        with self._lock:
            self._seconds += seconds
            self._texts += 1
            if self._texts % EVERY == 0:
                self._path.write_text(f"{self._seconds} {self._texts} {self._asked}")


if __name__ == "__main__":
    Stopwatch(Path(sys.argv.pop(1))).put_on(MiniLM)
    main()
