"""F26: SIGTERM with 100 running handlers, 50 event streams and 20 open requests."""

import asyncio
import signal
import time
from pathlib import Path

import httpx2
import pytest
from crash_kit import Child
from crash_serve import rows, serving, traced

pytestmark = pytest.mark.anyio
GRACE = 3.0
UNLIMITED = httpx2.Limits(max_connections=None, max_keepalive_connections=0)


async def publish_jobs(client: httpx2.AsyncClient) -> None:
    """50 that end when they may, 50 that never do, and 30 for which no place is left."""
    jobs = [{"number": number, "ends": number % 2 == 0} for number in range(100)]
    jobs += [{"number": number, "ends": True} for number in range(100, 130)]
    body = [{"topic": "slowly.job", "data": job} for job in jobs]
    answer = await client.post("/api/internal/pubsub/publish", json=body)
    assert answer.is_success, answer.text


async def read_stream(client: httpx2.AsyncClient, opened: asyncio.Semaphore) -> bytes:
    """One event stream to its end."""
    text = b""
    async with client.stream("GET", "/api/internal/pubsub/events", timeout=None) as stream:
        async for part in stream.aiter_bytes():
            if not text:
                opened.release()
            text += part
    return text


async def ask(client: httpx2.AsyncClient, number: int) -> int:
    """One open request: its status."""
    return (await client.post("/api/slowly/ask", json={"number": number, "ends": number < 10}, timeout=30)).status_code


async def until_started(traces: Path, one: Child, count: int) -> None:
    """All handlers run, as their traces say."""
    async with asyncio.timeout(20):
        while len([line for line in traced(traces) if line[0] == "S"]) < count:
            await asyncio.to_thread(one.run_for, 0.05)


async def test_a_graceful_stop_keeps_what_is_done_and_gives_back_the_rest(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with serving(data, tmp_path, grace=f"{GRACE:g}s") as (one, url):
        async with httpx2.AsyncClient(base_url=url, limits=UNLIMITED) as client:
            await publish_jobs(client)
            opened = asyncio.Semaphore(0)
            streams = [asyncio.create_task(read_stream(client, opened)) for _ in range(50)]
            for _ in streams:
                await asyncio.wait_for(opened.acquire(), 20)
            asked = [asyncio.create_task(ask(client, number)) for number in range(20)]
            await until_started(tmp_path, one, 120)
            one.signal(signal.SIGTERM)
            term = time.monotonic()
            (tmp_path / "go").touch()
            texts = await asyncio.wait_for(asyncio.gather(*streams), GRACE + 1)
            statuses = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), GRACE + 2)
        code = await asyncio.to_thread(one.wait, GRACE + 5)
        took = time.monotonic() - term
    assert code == 0, one.err[-2000:]
    assert GRACE - 0.5 < took < GRACE + 1
    assert all(b"retry: " in text for text in texts)
    assert statuses[:10] == [200] * 10
    assert all(status in (202, 503) for status in statuses[10:]), statuses
    check_traces(tmp_path, term)
    check_stored(data)


def check_traces(traces: Path, term: float) -> None:
    """Nothing started after the signal; what might end has ended."""
    lines = traced(traces)
    assert not [name for what, name, _, at in lines if what == "S" and at > (term + 0.2) * 1_000_000]
    assert len([name for what, name, _, _ in lines if what == "E"]) == 60


def check_stored(data: Path) -> None:
    """What ended is acknowledged; of the rest only what was started has lost an attempt, and none has failed."""
    assert rows(data, "PRAGMA integrity_check") == [("ok",)]
    assert rows(data, "SELECT kind, count(*) FROM events GROUP BY kind") == [("result", 60), ("retrying", 60)]
    assert rows(data, "SELECT attempt, count(*) FROM deliveries GROUP BY attempt") == [(0, 30), (1, 60)]
    assert rows(data, "SELECT kind, count(*) FROM attempts GROUP BY kind") == [("retried", 60)]
    assert rows(data, "SELECT max(failures) FROM positions") == [(0,)]
    for table in ("windows", "owners", "dead"):
        assert rows(data, f"SELECT count(*) FROM {table}") == [(0,)], table
