"""Section 8: processes that share one data directory, each of them real, some of them killed or stopped."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from crash_fleet import api, live, state, until, working
from crash_serve import publish, rows, serving, traced


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def starts(traces: Path, name: str) -> list[int]:
    """The attempts of a handler, in the order of their starts."""
    return [attempt for what, found, attempt, _ in traced(traces) if what == "S" and found == name]


def test_a_worker_runs_what_an_api_takes_in_and_its_replies_and_streams_come_back(data: Path, tmp_path: Path) -> None:
    with api(data, tmp_path) as (one, client):
        later = client.post("/api/slowly/ask", json={"number": 1})
        assert later.status_code == 202, "nobody runs it: accepted, and said so"
        why = client.get(f"{later.headers['location']}/explain").json()["deliveries"][0]
        assert why["reason"] == "no_live_runner"
        (tmp_path / "go").touch()
        with working(data, tmp_path) as worker:
            until(lambda: state(client, later.json()["id"]) == "done", one, worker)
            answer = client.post("/api/slowly/ask", json={"number": 2})
            assert (answer.status_code, answer.json()) == (200, {"number": 2})
            ident = publish(client, "slowly.note", number=3)
            stream = client.get(f"/api/internal/pubsub/messages/{ident}/events")
            assert "event: result" in stream.text
            ready = client.get("/readyz").json()
            assert (ready["checks"]["runners"], ready["checks"]["same_code"]) == (True, True)
            worker.signal(signal.SIGTERM)
            assert worker.wait(10) == 0
        until(lambda: not live(client), one)
        one.signal(signal.SIGTERM)
        assert one.wait(10) == 0
    assert rows(data, "SELECT count(*) FROM owners") == [(0,)]
    assert rows(data, "SELECT count(*) FROM processes") == [(0,)]
    assert rows(data, "PRAGMA integrity_check") == [("ok",)]


def test_what_a_killed_worker_had_in_flight_is_run_by_the_other_within_a_second(data: Path, tmp_path: Path) -> None:
    with api(data, tmp_path) as (one, client), working(data, tmp_path) as first:
        ident = publish(client, "slowly.job", number=1)
        until(lambda: starts(tmp_path, "job1") == [1], one, first)
        with working(data, tmp_path) as second:
            first.kill()
            assert until(lambda: starts(tmp_path, "job1") == [1, 2], one, second) < 2.0
            (tmp_path / "go").touch()
            until(lambda: state(client, ident) == "done", one, second)


def test_a_stopped_owner_is_never_overlapped(data: Path, tmp_path: Path) -> None:
    """SIGSTOP keeps the lock: what it had in flight is not run by anybody else, however long it is stopped."""
    with api(data, tmp_path) as (one, client), working(data, tmp_path) as first:
        ident = publish(client, "slowly.job", number=1)
        until(lambda: starts(tmp_path, "job1") == [1], one, first)
        with working(data, tmp_path) as second:
            first.signal(signal.SIGSTOP)
            second.run_for(1.5)
            assert starts(tmp_path, "job1") == [1]
            assert "slowly" in live(client)
            (tmp_path / "go").touch()
            first.signal(signal.SIGCONT)
            until(lambda: state(client, ident) == "done", one, first, second)
            assert starts(tmp_path, "job1") == [1]


def test_a_worker_beside_a_whole_server_takes_over_when_that_is_killed(data: Path, tmp_path: Path) -> None:
    with serving(data, tmp_path) as (server, _), working(data, tmp_path) as worker:
        worker.run_for(0.5)
        assert '"took runners"' not in worker.out + worker.err
        server.kill()
        server.wait()
        until(lambda: "took runners" in worker.out + worker.err, worker)
        with api(data, tmp_path) as (one, client):
            ident = publish(client, "slowly.note", number=1)
            until(lambda: state(client, ident) == "done", one, worker)


def test_a_stream_ends_within_a_second_after_another_process_revoked_its_token(data: Path, tmp_path: Path) -> None:
    token = [sys.executable, "-m", "needlework", "token"]
    with api(data, tmp_path, "--require-token") as (one, client):
        one.until("nw_")
        text = next(word for word in one.out.split() if word.startswith("nw_"))
        client.headers["authorization"] = f"Bearer {text}"
        with client.stream("GET", "/api/internal/pubsub/events") as stream:
            assert stream.status_code == 200
            subprocess.run([*token, "revoke", text.split("_")[1], "--data", data], check=True, timeout=30)
            revoked = time.monotonic()
            assert b'"revoked"' in b"".join(stream.iter_raw())
            assert time.monotonic() - revoked < 1.5
        assert client.get("/api/internal/runners").status_code == 401
