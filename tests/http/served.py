"""`needlework serve` as a process of its own, which must also end well."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LISTENING = re.compile(r"needlework is listening on (http://\S+)")


@contextlib.contextmanager
def serving(folder: Path, *words: str) -> Iterator[str]:
    """Its address; its files are in `folder`/data."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NEEDLEWORK_")}
    code = "from needlework.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", "--data", str(folder / "data"), "--port", "0", *words]
    log = folder / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environ)
    try:
        assert process.stdout is not None
        found = next((match for line in process.stdout if (match := LISTENING.match(line))), None)
        assert found is not None, log.read_text()[-2000:]
        yield found[1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, log.read_text()[-2000:]
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.communicate()
