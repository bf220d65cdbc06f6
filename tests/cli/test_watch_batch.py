"""Watching a batch: how far it is, over lost connections, and an exit code that tells how it ended."""

import json

import httpx2
import pytest


def frame(number: int | None, kind: str, done: int, **others: int) -> bytes:
    """A batch of three as the server tells of it."""
    counts = {"done": done, "refused": 0, "dead": 0, "cancelled": 0, **others}
    waiting = 3 - sum(counts.values())
    state = {"batch_id": "batch_1", "total": 3, **counts, "waiting": waiting, "finished": waiting == 0}
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(state)}\n\n".encode()


FIRST, SECOND, LAST = frame(None, "progress", 0), frame(7, "progress", 2), frame(9, "result", 3)
ENDED = b'id: 5\nevent: result\ndata: {"runner":"system","data":%s}\n\n'


def test_a_batch_is_followed_until_all_of_it_has_ended(server) -> None:
    server.streams(FIRST, SECOND, LAST)
    result = server("watch", "batch_1")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "progress  0/3  messages",
        "progress  2/3  messages",
        "progress  3/3  messages",
        "batch_1 has ended: 3 done",
    ]
    assert server.requests[0].url.path == "/api/internal/batches/batch_1"
    assert server.requests[0].headers["Accept"] == "text/event-stream"


def test_a_batch_that_has_ended_says_so_once(server) -> None:
    """Its state came as progress and as the end, and was shown twice."""
    server.streams(frame(None, "progress", 3), LAST)
    assert server("watch", "batch_1").stdout.splitlines() == ["progress  3/3  messages", "batch_1 has ended: 3 done"]


def test_a_lost_connection_is_resumed(server) -> None:
    server.streams(FIRST, SECOND, breaks=True)
    server.raises(httpx2.ConnectError)
    server.streams(LAST)
    assert server("watch", "batch_1").exit_code == 0
    assert [request.headers.get("Last-Event-ID") for request in server.requests] == [None, "7", "7"]


def test_json_is_one_state_a_line(server) -> None:
    server.streams(FIRST, LAST)
    lines = [json.loads(line) for line in server("watch", "batch_1", "--json").stdout.splitlines()]
    assert [(line["event"], line["data"]["done"]) for line in lines] == [("progress", 0), ("result", 3)]


@pytest.mark.parametrize(("others", "code"), [({"dead": 1}, 1), ({"refused": 1}, 1), ({"cancelled": 1}, 0)])
def test_what_is_dead_or_was_refused_fails_the_command(server, others: dict[str, int], code: int) -> None:
    server.streams(frame(9, "result", 2, **others))
    result = server("watch", "batch_1")
    assert result.exit_code == code
    if code:
        (kind,) = others
        assert f"batch_1 ended with 1 {kind} of 3" in result.stderr
        assert "messages list --batch batch_1" in result.stderr


@pytest.mark.parametrize(
    "answer", [b'{"batch_id":"batch_1"}', b'{"$body":{},"$headers":{"X-Needlework-Batch":"batch_1"}}']
)
def test_a_message_is_followed_into_the_batch_that_it_queued(server, answer: bytes) -> None:
    server.streams(ENDED % answer)
    server.streams(LAST)
    result = server("watch", "msg_1", "--batch")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "batch_1 has ended: 3 done"


def test_a_message_that_queued_nothing_has_no_batch_to_follow(server) -> None:
    server.streams(ENDED % b'{"batch_id":null}')
    assert server("watch", "msg_1", "--batch").exit_code == 0
    assert len(server.requests) == 1


def test_an_unknown_batch_fails_at_once(server) -> None:
    server.says({"detail": "no batch 'batch_x'", "code": "not_found"}, 404)
    result = server("watch", "batch_x")
    assert result.exit_code == 1
    assert "no batch 'batch_x' [404 not_found]" in result.stderr
