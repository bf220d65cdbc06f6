"""Several real processes on one data directory: `serve --api-only` and workers, or whole servers."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
from crash_kit import Child
from crash_serve import PLUGIN, serving

RUNNERS = "/api/internal/runners"


def start_worker(data: Path, traces: Path, **settings: str) -> Child:
    """A worker, not awaited."""
    environment = {f"NEEDLEWORK_{name.upper()}": value for name, value in settings.items()}
    environment |= {"SLOWLY": str(traces), "NEEDLEWORK_LOG": "json"}
    return Child(
        sys.executable, "-m", "needlework", "worker", "--data", data, "--plugins", PLUGIN, environment=environment
    )


@contextlib.contextmanager
def working(data: Path, traces: Path, **settings: str) -> Iterator[Child]:
    """A worker that is ready; gone at the end."""
    one = start_worker(data, traces, **settings)
    try:
        assert one.until("is ready"), one.err
        yield one
    finally:
        one.close()


@contextlib.contextmanager
def api(data: Path, traces: Path, *words: str, **settings: str) -> Iterator[tuple[Child, httpx2.Client]]:
    """An API without runners, and a client of it; gone at the end."""
    served = serving(data, traces, "--api-only", *words, **settings)
    with served as (one, url), httpx2.Client(base_url=url, timeout=30) as client:
        yield one, client


def until(condition: Callable[[], Any], *children: Child, seconds: float = 15.0) -> float:
    """Wait until `condition` holds, while the children's output is read; how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, [child.err[-1500:] for child in children]
        for child in children:
            child.run_for(0.02)
    return time.monotonic() - began


def live(client: httpx2.Client) -> set[str]:
    """The runners that some living process runs."""
    return {runner["id"] for runner in client.get(RUNNERS).json()["items"] if runner["live"]}


def state(client: httpx2.Client, ident: str) -> str:
    """A message's state."""
    return str(client.get(f"/api/internal/pubsub/messages/{ident}").json()["state"])
