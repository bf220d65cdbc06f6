"""The real server as a child: `needlework serve` on a directory, a free port of 127.0.0.1, and the plug-in `slowly`."""

import contextlib
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from crash_disk import Disk
from crash_kit import Child

PLUGIN = Path(__file__).with_name("plugin")
COMMAND = (sys.executable, "-m", "needlework.cli.main")
_LISTENS = re.compile(r"listening on (http://\S+)")


def serve(data: Path, traces: Path, *words: str, disk: Disk | None = None, **settings: str) -> Child:
    """Start a server, on a failing disk if there is one; `settings` become NEEDLEWORK_… variables."""
    environment = {f"NEEDLEWORK_{name.upper()}": value for name, value in settings.items()}
    environment |= {"SLOWLY": str(traces), "NEEDLEWORK_LOG": "json"} | (disk.environment if disk else {})
    code = "from needlework.cli.main import main; main()"
    return Child(
        sys.executable, "-c", code, "serve", "--data", data, "--port", "0", "--plugins", PLUGIN, *words,
        environment=environment,
    )  # fmt: skip


@contextlib.contextmanager
def serving(
    data: Path, traces: Path, *words: str, disk: Disk | None = None, **settings: str
) -> Iterator[tuple[Child, str]]:
    """A server that listens, and its address; gone at the end."""
    one = serve(data, traces, *words, disk=disk, **settings)
    try:
        yield one, address(one)
    finally:
        one.close()


def address(one: Child) -> str:
    """Where it listens."""
    if not one.until("listening on http"):
        raise AssertionError(f"it did not start: {one.out} {one.err}")
    one.until("\n")
    found = _LISTENS.search(one.out)
    assert found is not None
    return found[1]


def publish(client: httpx2.Client, topic: str, after: float | None = None, **data: Any) -> str:
    """Publish over HTTP; the message's id."""
    body = {"topic": topic, "data": data} | ({"deliver_after": after} if after else {})
    answer = client.post("/api/internal/pubsub/publish", json=body)
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["id"])


def rows(data: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """What a stopped server's database says."""
    connection = sqlite3.connect(data / "needlework.db")
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def traced(traces: Path) -> list[tuple[str, str, int, int]]:
    """(what, name, attempt, monotonic microseconds) of the plug-in's handlers."""
    path = traces / "trace.log"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(what, name, int(attempt), int(at)) for what, name, attempt, at in map(str.split, lines)]
