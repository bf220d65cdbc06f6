"""The server that `scale.py` measures: a process that can be killed and started again on its port and directory."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import common
from needlework.cli.client import Client

HERE = Path(__file__).parent
_LISTENS = re.compile(r"listening on (http://127\.0\.0\.1:(\d+))")


class Server:
    """`needlework serve` on `folder`/data, and what all its lives took together."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url, self._port = folder, "", "0"
        self._lives = 0
        self.kills = 0
        self._before = 0.0
        self.memory: list[tuple[float, float]] = []
        """(monotonic seconds, MiB resident), twice a second."""
        self.start()

    def start(self) -> None:
        """Start, and wait until it listens. Raises RuntimeError with its log."""
        self._lives += 1
        log = self.folder / "log"
        words = ["serve", "--data", str(self.folder / "data"), "--port", self._port]
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, str(HERE / "scale_serve.py"), str(self.folder / f"encoder-{self._lives}"), *words],
                stdout=subprocess.PIPE, stderr=file, text=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        found = next((match for line in self._process.stdout if (match := _LISTENS.search(line))), None)
        if found is None:
            raise RuntimeError(log.read_text()[-2000:])
        self.url, self._port = found[1], found[2]
        threading.Thread(target=self._sample, args=(self._process.pid,), daemon=True).start()

    def kill(self) -> None:
        """SIGKILL."""
        self.kills += 1
        self._before += self._life()
        self._process.kill()
        self._process.communicate()

    def cpu(self) -> float:
        """Seconds of processor time."""
        return self._before + self._life()

    def encoder(self) -> tuple[float, int, int]:
        """Seconds in the encoder, texts that it read, texts that were asked for."""
        found = [path.read_text().split() for path in self.folder.glob("encoder-*")]
        whole = [each for each in found if len(each) == 3]
        return sum(float(a) for a, _, _ in whole), sum(int(b) for _, b, _ in whole), sum(int(c) for _, _, c in whole)

    def client(self) -> Client:
        """A client of its API."""
        return Client(self.url)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the real command line against it."""
        command = [sys.executable, "-m", "needlework", *words, "--url", self.url]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def _life(self) -> float:
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _sample(self, pid: int) -> None:
        while self._process.pid == pid and self._process.poll() is None:
            try:
                self.memory.append((time.monotonic(), common.rss(pid)))
            except (OSError, IndexError):
                return
            time.sleep(0.5)
