"""The real `needlework serve`: one on a directory, killed, stopped, blocked, and handlers that misbehave."""

import asyncio
import itertools
import json
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from crash_serve import publish, rows, serve, serving, traced


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def wait_for(client: httpx2.Client, ident: str) -> dict[str, object]:
    """The message when it has ended; its event stream says when."""
    with client.stream("GET", f"/api/internal/pubsub/messages/{ident}/events", timeout=20) as stream:
        for _ in stream.iter_bytes():
            continue
    return dict(client.get(f"/api/internal/pubsub/messages/{ident}").json())


def test_a_second_server_is_refused_and_a_kill_frees_the_directory(data: Path, tmp_path: Path) -> None:
    """F11, F10: also while the first is stopped (a laptop that sleeps); it goes on where it was afterwards."""
    with serving(data, tmp_path) as (one, url), httpx2.Client(base_url=url) as client:
        for number in range(5):
            publish(client, "slowly.note", number=number)
        one.signal(signal.SIGSTOP)
        second = serve(data, tmp_path)
        try:
            code = second.wait(10)
            assert code not in (0, None)
            assert f"pid {one.process.pid}" in second.err
            assert time.monotonic() - second.started < 2.5
        finally:
            second.close()
        one.signal(signal.SIGCONT)
        ident = publish(client, "slowly.note", number=5)
        assert wait_for(client, ident)["state"] == "done"
        one.kill()
        one.wait()
    with serving(data, tmp_path) as (one, url), httpx2.Client(base_url=url) as client:
        ident = publish(client, "slowly.note", number=6)
        assert wait_for(client, ident)["state"] == "done"
    starts = [name for what, name, _, _ in traced(tmp_path) if what == "S"]
    assert sorted(starts) == [f"note{number}" for number in range(7)]


def test_handlers_that_misbehave_are_named_and_survived(data: Path, tmp_path: Path) -> None:
    """F27: one that blocks the loop, one deaf to cancellation, and whatever can be raised."""
    kinds = ("base", "exit", "interrupt", "generator", "recursion", "memory", "cancelled", "deaf")
    with serving(data, tmp_path) as (one, url), httpx2.Client(base_url=url, timeout=20) as client:
        for how in kinds:
            message = wait_for(client, publish(client, "slowly.wrong", how=how))
            assert message["state"] == "dead", (how, message)
            assert one.process.poll() is None, how
        ident = publish(client, "slowly.wrong", after=time.time() + 0.3, how="block")
        blocked = time.monotonic() + 0.3
        while "slowly.wrong" not in one.err + one.out:
            one.read(0.1)
            assert time.monotonic() < blocked + 1.2, "the watchdog must name it within a second"
        assert wait_for(client, ident)["state"] in ("done", "dead")
        assert client.get("/healthz").status_code == 200
        one.signal(signal.SIGTERM)
        assert one.wait(10) == 0
    assert rows(data, "PRAGMA integrity_check") == [("ok",)]


async def post_until(client: httpx2.AsyncClient, numbers: Iterator[int], acked: dict[str, int]) -> None:
    """Publish one after the other until the server is gone; note what was answered with success."""
    while True:
        number = next(numbers)
        try:
            answer = await client.post(
                "/api/internal/pubsub/publish",
                json={"topic": "slowly.note", "data": {"number": number}},
                headers={"Idempotency-Key": f"note-{number}"},
            )
        except httpx2.HTTPError:
            return
        if answer.is_success:
            acked[answer.json()["id"]] = number


@pytest.mark.anyio
async def test_every_publish_answered_with_success_survives_a_kill(data: Path, tmp_path: Path) -> None:
    """F1 over HTTP: 16 clients, SIGKILL again and again."""
    acked: dict[str, int] = {}
    numbers, chance = itertools.count(), random.Random(1)
    for _ in range(5):
        with serving(data, tmp_path) as (one, url):
            async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
                clients = [asyncio.create_task(post_until(client, numbers, acked)) for _ in range(16)]
                await asyncio.to_thread(one.run_for, 0.1 + 0.3 * chance.random())
                one.kill()
                await asyncio.gather(*clients)
    with serving(data, tmp_path) as (one, url), httpx2.Client(base_url=url) as last:
        for ident, number in list(acked.items())[-5:]:
            assert last.get(f"/api/internal/pubsub/messages/{ident}").json()["data"] == {"number": number}
        assert wait_for(last, publish(last, "slowly.note", number=-1))["state"] == "done"
        one.signal(signal.SIGTERM)
        assert one.wait(10) == 0
    assert len(acked) > 100
    assert rows(data, "PRAGMA integrity_check") == [("ok",)]
    stored = [int(json.loads(body)["number"]) for (body,) in rows(data, "SELECT body FROM messages")]
    assert len(stored) == len(set(stored))
    assert set(acked.values()) <= set(stored)
    assert rows(data, "SELECT message FROM events WHERE kind = 'result' GROUP BY message HAVING count(*) <> 1") == []
    assert rows(data, "SELECT count(*) FROM deliveries") == [(0,)]
