"""Commands that need no server: on the data directory itself."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from needlework.bus.principals import LOCAL
from needlework.cli.local import on_data
from needlework.settings import FILE


def test_without_a_server_tokens_and_workspaces_are_made_on_the_data_directory(
    server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEEDLEWORK_DATA", str(tmp_path / "data"))
    assert server("workspace", "create", "acme").exit_code == 0
    text = server("token", "create", "laptop", "--for", "acme").stdout.strip()
    assert text.startswith("nw_")
    (listed,) = json.loads(server("token", "list", "--json").stdout)
    assert text.startswith(f"nw_{listed['id']}_")
    assert server("token", "revoke", listed["id"]).exit_code == 0
    assert json.loads(server("token", "list", "--json").stdout)[0]["revoked_at"]
    assert server.requests == []


def test_who_is_signed_in_is_listed_and_ended_without_a_server(server, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))

    async def sign_in(bus: Any) -> None:
        await bus.sessions.open(LOCAL)

    assert "nobody is signed in" in server("session", "list", *data).output
    on_data(tmp_path, sign_in)
    (listed,) = json.loads(server("session", "list", "--json", *data).stdout)
    assert listed["opened_by"] == "local"
    assert f"{listed['id']} is ended" in server("session", "end", listed["id"], *data).stdout
    assert json.loads(server("session", "list", "--json", *data).stdout) == []
    again = server("session", "end", listed["id"], *data)
    assert (again.exit_code, "no such session" in again.stderr) == (1, True)


def test_sessions_are_asked_of_a_server_that_runs(server) -> None:
    server.says({"items": []})
    server.says({"id": "k3", "ended": True})
    assert server("session", "list", "--json").stdout == "[]\n"
    assert json.loads(server("session", "end", "k3", "--json").stdout) == {"ended": "k3"}
    asked = [(request.method, request.url.path) for request in server.requests]
    assert asked == [("GET", "/api/sessions"), ("DELETE", "/api/sessions/k3")]


def test_where_no_server_was_named_and_none_runs_the_directory_is_used(
    server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("needlework.cli.local.data_directory", lambda data: data or tmp_path)
    server.raises(httpx2.ConnectError)
    listed = json.loads(server("workspace", "list", "--json").stdout)
    assert [workspace["name"] for workspace in listed] == ["default"]


def test_what_the_bus_refuses_is_one_line(server, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    assert server("workspace", "create", "acme", *data).exit_code == 0
    result = server("workspace", "create", "acme", *data)
    assert result.exit_code == 1
    assert "workspace 'acme' exists already [conflict]" in result.stderr
    assert "no workspace 'nobody'" in server("token", "create", "x", "--for", "nobody", *data).stderr


def test_check_says_that_what_ships_is_in_order(server, tmp_path: Path) -> None:
    result = server("check", "--data", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("everything is in order: ")
    assert list(tmp_path.iterdir()) == []


def test_check_lists_every_problem_of_the_settings(server, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('prot = 1\ngrace = "soon"\n')
    result = server("check", "--data", str(tmp_path))
    assert result.exit_code == 1
    assert f"{FILE}:1: unknown setting 'prot' (did you mean \"port\"?)" in result.stderr
    assert f"{FILE}:2: grace" in result.stderr


def test_check_names_a_broken_plugin(server, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "broken.py").write_text("import nowhere_to_be_found\n")
    report = json.loads(server("check", "--data", str(tmp_path), "--json").stdout)
    assert report["ok"] is False
    assert "plug-in 'broken'" in report["problems"][0]
    assert len(report["problems"]) == 1
    assert report["hints"] == ["--skip-broken-plugins starts without them"]
    result = server("check", "--data", str(tmp_path))
    assert result.stderr.startswith("error: 1 problem\n")
    assert "--skip-broken-plugins" in result.stderr


def test_check_tells_of_broken_plugins_and_wrong_policies_at_once(server, tmp_path: Path) -> None:
    (tmp_path / "plugins" / "loads").mkdir(parents=True)
    (tmp_path / "plugins" / "broken.py").write_text("import nowhere_to_be_found\n")
    (tmp_path / "plugins" / "loads" / "handlers.py").write_text("")
    policy = '[topics."a.b"]\nsummary = "A"\npermission = "permissionReed"\n'
    (tmp_path / "plugins" / "loads" / "topics.toml").write_text(policy)
    report = json.loads(server("check", "--data", str(tmp_path), "--json").stdout)
    assert len(report["problems"]) == 2
    assert "plug-in 'broken'" in report["problems"][0]
    assert "'permissionReed' is none of permissionRead," in report["problems"][1]


def test_serve_does_not_start_with_wrong_settings(server, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("prot = 1\n")
    result = server("serve", "--data", str(tmp_path))
    assert result.exit_code == 1
    assert "unknown setting 'prot'" in result.stderr
