"""The commands against a scripted server: what they ask, what they show, how they fail."""

import json
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from needlework.cli.main import LazyGroup, main
from needlework.http.messages import STATES

RECEIPT = {"id": "msg_1", "published": "2026-01-01T00:00:00Z"}


def every_command(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every command below `command`."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = [path] if path else []
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        found += every_command(inner, (*path, name))
    return found


@pytest.mark.parametrize("path", every_command(main), ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"needlework {path[0]}" in result.output


def test_the_list_of_commands_says_what_each_does() -> None:
    assert isinstance(main, LazyGroup)
    output = CliRunner().invoke(main, ["--help"]).output
    assert "Publish a message on a topic." in output


def test_a_misspelt_command_is_a_usage_error_with_the_nearest() -> None:
    result = CliRunner().invoke(main, ["publsh"])
    assert result.exit_code == 2
    assert 'did you mean "publish"' in result.stderr


def test_version(server) -> None:
    number = metadata.version("needlework")
    assert server("version").stdout.startswith(f"needlework {number} ")
    assert json.loads(server("version", "--json").stdout)["version"] == number
    assert server("--version").stdout == f"needlework, version {number}\n"


def test_help_names_the_data_directory_that_is_used(server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("needlework.settings.platformdirs.user_data_dir", lambda *_, **__: "/there")
    assert "NEEDLEWORK_DATA; default: /there]" in " ".join(server("serve", "--help").stdout.split())


def test_publish_sends_key_and_data(server, tmp_path: Path) -> None:
    server.says(RECEIPT)
    (tmp_path / "data.json").write_text('{"b": 1}')
    data = f"@{tmp_path / 'data.json'}"
    result = server("publish", "a.b", "--key", "id=x=1", "--key", "n:=2", "--data", data, "--force")
    assert result.exit_code == 0
    assert server.sent() == {"topic": "a.b", "key": {"id": "x=1", "n": 2}, "data": {"b": 1}, "force": True}
    assert server.requests[0].headers["Idempotency-Key"].startswith("cli-")
    assert "needlework watch msg_1" in result.stderr


def test_publish_reads_data_from_standard_input_and_keeps_a_given_key(server) -> None:
    server.says({**RECEIPT, "deduplicated": True})
    result = server("publish", "a.b", "--data", "-", "--idempotency-key", "mine", input='{"b": 2}')
    assert server.sent()["data"] == {"b": 2}
    assert server.requests[0].headers["Idempotency-Key"] == "mine"
    assert "an equal message was waiting already" in result.stdout


def test_deliver_after_takes_a_duration_or_a_time(server) -> None:
    server.says(RECEIPT)
    server("publish", "a.b", "--deliver-after", "10m")
    later = datetime.fromisoformat(server.sent()["deliver_after"])
    assert 500 < (later - datetime.now(UTC)).total_seconds() <= 600
    server("publish", "a.b", "--deliver-after", "2030-01-01T00:00:00Z")
    assert server.sent()["deliver_after"] == "2030-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "words",
    [
        ("publish", "a.b", "--data", "{"),
        ("publish", "a.b", "--key", "id"),
        ("publish", "a.b", "--key", "=1"),
        ("publish", "a.b", "--deliver-after", "soon"),
        ("publish",),
        ("tick", "-n", "5"),
        ("tick", "mover", "-n", "0"),
        ("messages", "list", "--state", "lost"),
        ("token", "create", "x", "--expires", "soon"),
        ("serve", "--expose", "--host", "127.0.0.1"),
        ("serve", "--port", "70000"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_two_and_asks_nothing(server, words: tuple[str, ...]) -> None:
    assert server(*words).exit_code == 2
    assert server.requests == []


def test_topics_and_runners_are_tables_or_json(server) -> None:
    server.says({"items": [{"topic": "a.b", "runners": ["r"], "route": None, "origin": "topics.toml", "summary": "S"}]})
    lines = server("topics").stdout.splitlines()
    assert lines[0].split() == ["TOPIC", "RUNNERS", "ROUTE", "ORIGIN", "SUMMARY"]
    assert lines[1].split() == ["a.b", "r", "-", "topics.toml", "S"]
    assert json.loads(server("runners", "--json").stdout)[0]["topic"] == "a.b"


def test_tick_runs_one_runner_or_all(server) -> None:
    server.says({"mover": True})
    assert [line.split() for line in server("tick").stdout.splitlines()] == [["RUNNER", "STARTED"], ["mover", "yes"]]
    assert server.requests[-1].url.path == "/api/tick/runners"
    server("tick", "mover", "-n", "7")
    assert server.requests[-1].url.path == "/api/internal/runner/mover/run"
    assert server.sent() == {"options": {"messages_to_process": 7}}


@pytest.mark.parametrize("state", STATES)
def test_every_state_that_a_list_shows_can_be_asked_for(server, state: str) -> None:
    server.says({"items": []})
    assert server("messages", "list", "--state", state).exit_code == 0
    assert dict(server.requests[0].url.params)["state"] == state


def test_messages_are_listed_by_page(server) -> None:
    row = {"id": "msg_1", "topic": "a.b", "state": "dead", "published": "2026", "due": "2027"}
    server.says({"items": [row], "next_cursor": "c2"})
    result = server("messages", "list", "--state", "dead", "--limit", "1")
    assert result.stdout.splitlines()[1].split() == ["msg_1", "a.b", "dead", "2026", "2027"]
    assert "--cursor c2" in result.stderr
    assert dict(server.requests[0].url.params) == {"state": "dead", "limit": "1"}


def test_one_message_is_shown_explained_and_cancelled(server) -> None:
    delivery = {"runner": "r", "state": "dead", "attempt": 5, "due": None, "reason": None, "error": "boom"}
    server.says({"id": "msg_1", "topic": "a.b", "deliveries": [delivery], "attempts": [{"n": 1}]})
    server.says({"id": "msg_1", "deliveries": [{"runner": "r", "state": "parked", "text": "behind msg_0"}]})
    server.says({"cancelled": 1})
    shown = server("messages", "show", "msg_1").stdout
    assert "boom" in shown
    assert 'attempt  {"n":1}' in shown
    assert server("messages", "explain", "msg_1").stdout == "r  parked  behind msg_0\n"
    assert server("messages", "cancel", "msg_1").stdout == "1 delivery of msg_1 cancelled\n"
    assert [request.method for request in server.requests] == ["GET", "GET", "POST"]


def test_a_setting_is_changed_in_its_place(server) -> None:
    server.says({"tick": {"disable": False}, "timezone": "UTC"})
    server("workspace", "config", "set", "tick.disable", "true")
    assert server.requests[-1].method == "PUT"
    assert server.sent() == {"tick": {"disable": True}, "timezone": "UTC"}
    server("workspace", "config", "set", "timezone", "Europe/Berlin")
    assert server.sent()["timezone"] == "Europe/Berlin"


def test_a_token_is_printed_once_and_alone_on_standard_output(server) -> None:
    server.says({"token": "nw_a_b", "id": "a"})
    result = server("token", "create", "laptop", "--may", "read", "--for", "acme")
    assert result.stdout == "nw_a_b\n"
    assert server.sent() == {"name": "laptop", "permissions": ["permissionRead"], "workspaces": ["acme"]}


def test_login_prints_a_link_that_a_browser_can_open(server) -> None:
    """The page for signing in named a command that was not there."""
    server.says({"ticket": "nwt_a+b"}, 201)
    assert server("login").stdout == "http://127.0.0.1:6767/login?ticket=nwt_a%2Bb\n"
    assert (server.requests[0].method, server.requests[0].url.path) == ("POST", "/api/tickets")
    assert json.loads(server("login", "--url", "https://n.example/", "--json").stdout) == {
        "url": "https://n.example/login?ticket=nwt_a%2Bb"
    }
    assert "--url" in server("login", "--url", "unix:/tmp/s").stderr


def test_a_named_server_that_is_away_is_not_replaced_by_the_data_directory(server) -> None:
    import httpx2

    server.raises(httpx2.ConnectError)
    result = server("token", "list", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "not running at http://127.0.0.1:1" in result.stderr


def test_runners_and_topics_are_held_and_let_go(server) -> None:
    server.says({"id": "mover", "paused": True})
    assert server("pause", "runner", "mover").stdout == "runner mover is held\n"
    assert server("resume", "topic", "a.b").stdout == "topic a.b goes on\n"
    paths = [request.url.path for request in server.requests]
    assert paths == ["/api/internal/runners/mover/pause", "/api/internal/pubsub/topics/a.b/resume"]


def test_a_workspace_is_shown_with_its_settings(server) -> None:
    server.says({"name": "acme"})
    server.says({"config": {"tick": {"disable": True}, "timezone": "UTC"}})
    shown = server("workspace", "show", "acme").stdout.splitlines()
    assert [line.split() for line in shown] == [
        ["name", "acme"],
        ["tick.disable", "yes"],
        ["timezone", "UTC"],
    ]
    assert server.requests[0].headers["X-Workspace"] == "acme"


def test_workspaces_are_listed_and_made(server) -> None:
    server.says({"items": [{"name": "default", "created_at": "2026"}]})
    server.says({"name": "acme"})
    assert server("workspace", "list").stdout.splitlines()[1].split() == ["default", "2026"]
    assert json.loads(server("workspace", "create", "acme", "--json").stdout) == {"name": "acme"}


@pytest.mark.parametrize("words", [("messages", "list"), ("dead", "list"), ("audit",)])
def test_a_page_says_how_to_see_the_next_one(server, words: tuple[str, ...]) -> None:
    server.says({"items": [{"id": "it"}], "next_cursor": "abc"})
    assert server(*words).stderr == "more with: --cursor abc\n"


def test_a_patch_is_an_object(server) -> None:
    server.says({"preview": True, "count": 0, "more": False, "groups": []})
    result = server("dead", "redrive", "msg_1", "--patch-json", "[1]")
    assert (result.exit_code, server.requests) == (2, [])
    assert "--patch-json is not an object" in result.stderr
    words = ("--patch-json", '{"a": 1}', "--patch", "b=c", "--preview")
    assert server("dead", "redrive", "msg_1", *words).exit_code == 0
    assert server.sent()["patch"] == {"a": 1, "b": "c"}
