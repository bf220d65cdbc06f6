"""Watching: events in order, none lost or twice over a lost connection, an exit code that tells the end."""

import json

import httpx2
import pytest


def frame(number: int, kind: str, data: str) -> bytes:
    """An event as the server sends it."""
    around = '{"message":"msg_1","topic":"a.b","runner":"r","at":"2026-01-01T00:00:00Z","data":'
    return f"id: {number}\nevent: {kind}\ndata: {around}{data}}}\n\n".encode()


PROGRESS = frame(1, "progress", '{"done":1,"of":3,"note":"one"}')
LOG = frame(2, "log", '{"kind":"seen"}')
RESULT = frame(3, "result", '{"answer":42}')
REFUSED = frame(3, "refused", '{"status":404,"detail":"no such note"}')


def test_a_message_is_followed_to_its_end(server) -> None:
    server.streams(b"retry: 100\n\n", PROGRESS, b": heartbeat\n\n", LOG, RESULT)
    result = server("watch", "msg_1")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "progress  1/3  one",
        'log       {"kind":"seen"}',
        'result    {"answer":42}',
    ]
    assert server.requests[0].url.path == "/api/internal/pubsub/messages/msg_1/events"


def test_json_is_one_event_a_line(server) -> None:
    server.streams(PROGRESS, RESULT)
    lines = [json.loads(line) for line in server("watch", "msg_1", "--json").stdout.splitlines()]
    assert (lines[0]["id"], lines[0]["event"]) == ("1", "progress")
    assert lines[0]["data"]["data"] == {"done": 1, "of": 3, "note": "one"}
    assert lines[1]["event"] == "result"


def test_a_lost_connection_is_resumed_behind_the_last_event(server) -> None:
    server.streams(PROGRESS, LOG[:20], breaks=True)
    server.raises(httpx2.ConnectError)
    server.streams(LOG, RESULT)
    result = server("watch", "msg_1")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    assert "Last-Event-ID" not in server.requests[0].headers
    assert [request.headers["Last-Event-ID"] for request in server.requests[1:]] == ["1", "1"]


def test_a_server_that_goes_away_before_the_first_event_is_waited_for_as_long_as_it_asks(server) -> None:
    server.streams(b"retry: 2000\n\n", breaks=True)
    server.raises(httpx2.ConnectError)
    server.says({"detail": "starting"}, 503)
    server.streams(RESULT)
    assert server("watch", "msg_1").exit_code == 0
    assert server.pauses == [2.0, 4.0, 6.0]


def test_no_server_at_all_says_how_to_start_one(server) -> None:
    server.raises(httpx2.ConnectError)
    assert "needlework serve" in server("watch", "msg_1").stderr


def test_a_stream_that_ends_early_is_asked_again_until_the_server_says_that_it_is_over(server) -> None:
    server.streams(PROGRESS)
    server.answers.append(lambda request: httpx2.Response(204))
    assert server("watch", "msg_1").exit_code == 0
    assert len(server.requests) == 2


def test_a_refused_message_fails_the_command_and_says_why(server) -> None:
    server.streams(REFUSED)
    result = server("watch", "msg_1")
    assert result.exit_code == 1
    assert "msg_1 ended as refused: no such note" in result.stderr


def test_an_unknown_message_fails_at_once(server) -> None:
    server.says({"detail": "no such message", "code": "not_found"}, 404)
    result = server("watch", "../../x")
    assert result.exit_code == 1
    assert "no such message [404 not_found]" in result.stderr
    assert b"..%2F..%2Fx" in server.requests[0].url.raw_path


def test_a_server_that_stays_away_is_given_up(server) -> None:
    server.streams(PROGRESS, breaks=True)
    server.raises(httpx2.ConnectError)
    result = server("watch", "msg_1")
    assert result.exit_code == 1
    assert "broke 11 times in a row" in result.stderr


def test_publish_can_follow_what_it_published(server) -> None:
    server.says({"id": "msg_9", "published": "2026-01-01T00:00:00Z"})
    server.streams(RESULT)
    result = server("publish", "a.b", "--watch")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("msg_9  published 2026")
    assert server.requests[1].url.path.endswith("/msg_9/events")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("watch", "msg_1"), "cancel it with: needlework messages cancel msg_1"),
        (("watch", "batch_1"), "look again with: needlework watch batch_1"),
    ],
)
def test_ctrl_c_says_that_the_work_goes_on(server, words: tuple[str, ...], hint: str) -> None:
    def press(request: httpx2.Request) -> httpx2.Response:
        raise KeyboardInterrupt

    server.answers.append(press)
    result = server(*words)
    assert result.exit_code == 130
    assert result.stderr == f"the work goes on; {hint}\n"
