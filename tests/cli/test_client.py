"""The client: one clear line for every failure, and repeats that do nothing twice."""

import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.cli.client import Client, Refused, Silent, Unreachable, problem
from needlework.cli.show import Failure, cell, printable


def test_no_server_says_how_to_start_one(server) -> None:
    server.raises(httpx2.ConnectError)
    result = server("topics")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: needlework is not running at http://127.0.0.1:6767")
    assert "needlework serve" in result.stderr


def test_a_problem_document_becomes_one_line_and_its_fields(server) -> None:
    wrong = {"field": "data.id", "message": "missing", "hint": "write id"}
    server.says({"detail": "bad message", "code": "invalid_message", "errors": [wrong]}, 422)
    result = server("publish", "a.b")
    assert result.exit_code == 1
    assert "bad message [422 invalid_message] at POST /api/internal/pubsub/publish" in result.stderr
    assert "data.id: missing (write id)" in result.stderr


def test_a_program_that_asked_for_json_gets_its_errors_as_json(server) -> None:
    server.says({"detail": "no such message", "code": "not_found"}, 404)
    result = server("messages", "show", "msg_1", "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert json.loads(result.stderr)["error"].startswith("no such message [404 not_found]")


def test_a_missing_token_says_how_to_get_one(server) -> None:
    server.says({"detail": "no token"}, 401)
    assert "needlework token create NAME --data DIR" in server("runners").stderr


def test_a_broken_connection_is_repeated_with_the_same_key(server) -> None:
    server.raises(httpx2.ReadError)
    server.says({"ok": True})
    assert server.client().post("/x", {"a": 1}) == {"ok": True}
    first, second = (request.headers["Idempotency-Key"] for request in server.requests)
    assert first == second


def test_a_server_that_asks_for_patience_is_given_it(server) -> None:
    server.says({"detail": "busy"}, 503, Retry_After="2")
    server.says([])
    assert server.client().get("/x") == []
    assert server.pauses == [2.0]


def test_patience_ends(server) -> None:
    server.says({"detail": "busy"}, 503, Retry_After="2")
    with pytest.raises(Refused, match="busy"):
        server.client().get("/x")
    assert len(server.requests) == 3


def test_a_server_that_hangs_is_asked_once_and_only_a_change_is_of_unknown_outcome(server) -> None:
    """It was asked three times, 35 seconds each, and even a list was said to be of unknown outcome."""
    server.raises(httpx2.ReadTimeout)
    with pytest.raises(Silent, match="no answer within 35 s") as reading:
        server.client().get("/x")
    assert (len(server.requests), "unknown" in str(reading.value.message)) == (1, False)
    with pytest.raises(Silent, match="whether it was done is unknown"):
        server.client().post("/x", {})


def test_a_connection_that_stays_broken_says_that_the_outcome_is_unknown(server) -> None:
    server.raises(httpx2.RemoteProtocolError)
    with pytest.raises(Failure, match="whether it was done is unknown"):
        server.client().post("/x")


def test_the_token_travels_in_its_header_alone(server) -> None:
    server.says([])
    server.client(token="nw_secret", space="acme").get("/x", q="1", left_out=None)
    request = server.requests[0]
    assert request.headers["Authorization"] == "Bearer nw_secret"
    assert request.headers["X-Workspace"] == "acme"
    assert str(request.url) == "http://127.0.0.1:6767/x?q=1"


def test_another_program_on_the_port_is_recognised(server) -> None:
    server.answers.append(lambda request: httpx2.Response(200, content=b"<html>"))
    with pytest.raises(Failure, match="is another program listening"):
        server.client().get("/x")


@pytest.mark.parametrize("content", [b"[" * 5000, b'{"a": ' * 5000, b'"\xff"'])
def test_what_can_not_be_read_as_json_is_one_line(server, content) -> None:
    server.answers.append(lambda request: httpx2.Response(200, content=content))
    with pytest.raises(Failure, match="the answer is not JSON"):
        server.client().get("/x")


def test_a_page_in_place_of_a_problem_is_still_one_line() -> None:
    refused = problem({}, 502, "GET /x")
    assert refused.what == "the server refused [502] at GET /x"
    assert "is another program there" in "\n".join(refused.hints)


def test_an_unknown_topic_is_told_where_all_are(server) -> None:
    server.says({"detail": "no topic 'x'", "code": "unknown_topic"}, 422)
    assert "needlework topics" in server("publish", "x").stderr


@pytest.mark.parametrize("url", ["localhost", "ftp://host", "http://", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Failure, match="is not an address"):
        Client(url)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("127.0.0.1:6790", "http://127.0.0.1:6790"),
        ("localhost:6790/", "http://localhost:6790"),
        ("[::1]:6790", "http://[::1]:6790"),
        ("https://host:443/below/", "https://host:443/below"),
    ],
)
def test_an_address_may_go_without_its_scheme(given: str, meant: str) -> None:
    with Client(given) as client:
        assert client.url == meant


def test_unreachable_is_a_failure_of_its_own(server) -> None:
    server.raises(httpx2.ConnectTimeout)
    with pytest.raises(Unreachable):
        server.client().get("/x")


@given(st.text())
def test_nothing_shown_can_command_a_terminal(text: str) -> None:
    assert all(letter in "\t\n" or letter.isprintable() or ord(letter) > 0x9F for letter in printable(text))
    assert "\n" not in cell(text)
