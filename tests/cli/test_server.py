"""The commands against a real server, which is a process of its own, as a person would run them."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner, Result
from needlework.cli.main import main

LISTENING = re.compile(r"needlework is listening on \S*?([\d.]+:\d+)$")


class Running:
    """A running server and the commands that talk to it."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, data: Path) -> None:
        self.process, self.url, self.data = process, url, data

    def __call__(self, *words: str) -> Result:
        """Run `needlework …` against this server."""
        return CliRunner().invoke(main, list(words), env={"NEEDLEWORK_URL": self.url, "NEEDLEWORK_DATA": None})

    def streams(self, count: int) -> None:
        """Wait until so many event streams are open."""
        metric = re.compile(r"^needlework_\w*streams\w*(?:\{[^}]*\})? (\d+)", re.MULTILINE)
        for _ in range(2_000):
            found = metric.search(httpx2.get(f"{self.url}/metrics", trust_env=False).text)
            if found and int(found[1]) >= count:
                return
        raise AssertionError(f"there were never {count} streams")

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(timeout=30)
        self._close()

    def stop(self) -> None:
        """End it as an administrator does; it must end well."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0
        self._close()

    def _close(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()

    def json(self, *words: str) -> object:
        """What a command prints as JSON."""
        result = self(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


def start(data: Path, *options: str, port: int = 0) -> Running:
    """A server, on a free port where none is given, when it says that it listens."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NEEDLEWORK_")}
    code = "from needlework.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", "--data", str(data), "--port", str(port), *options]
    log = data.with_suffix(".log")
    with log.open("a") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environ)
    assert process.stdout is not None
    for line in process.stdout:
        if match := LISTENING.match(line.strip()):
            return Running(process, f"http://{match[1]}", data)
    process.stdout.close()
    raise AssertionError(f"the server ended with {process.wait()} before it listened:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def needlework(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for this file; it must end well when it is told to."""
    running = start(tmp_path_factory.mktemp("server") / "data")
    yield running
    running.stop()


def test_a_message_is_published_followed_and_shown(needlework: Running) -> None:
    result = needlework("publish", "note.ingest", "--data", '{"title": "From the shell"}', "--watch")
    assert result.exit_code == 0, result.output
    ident = result.stdout.split()[0]
    assert '"created":true' in result.stdout
    shown = needlework.json("messages", "show", ident)
    assert isinstance(shown, dict)
    assert (shown["topic"], shown["state"]) == ("note.ingest", "done")
    assert ident in needlework("messages", "list", "--topic", "note.ingest").stdout


def test_a_delayed_message_is_explained_and_cancelled(needlework: Running) -> None:
    words = ("--key", "conversation_fs_id=conv_1", "--deliver-after", "1h")
    ident = needlework("publish", "conversation_note_analysis", *words).stdout.split()[0]
    assert "not due yet" in needlework("messages", "explain", ident).stdout
    assert needlework("messages", "cancel", ident).exit_code == 0
    followed = needlework("watch", ident)
    assert followed.exit_code == 1
    assert "ended as cancelled: by local" in followed.stderr


def test_an_unknown_topic_is_refused_with_the_nearest(needlework: Running) -> None:
    result = needlework("publish", "conversation_note_analysi", "--key", "note_id=note_1")
    assert result.exit_code == 1
    assert 'did you mean "conversation_note_analysis"?' in result.stderr


def test_topics_and_runners_are_those_of_the_server(needlework: Running) -> None:
    topics = needlework.json("topics")
    assert isinstance(topics, list)
    assert "conversation_note_analysis" in {topic["topic"] for topic in topics}
    assert "conversation_note_analysis_processor" in needlework("runners").stdout


def test_everything_due_is_processed_on_request(needlework: Running) -> None:
    assert needlework("tick").exit_code == 0
    run = needlework.json("tick", "conversation_note_analysis_processor", "-n", "5")
    assert isinstance(run, dict)
    assert run["runner_id"] == "conversation_note_analysis_processor"


def test_a_held_runner_says_so(needlework: Running) -> None:
    needlework("pause", "runner", "content")
    runners = {runner["id"]: runner["paused"] for runner in needlework.json("runners")}  # type: ignore[attr-defined]
    assert runners["content"]
    assert needlework("resume", "runner", "content").exit_code == 0


def test_files_are_imported_and_may_be_imported_again(needlework: Running, tmp_path: Path) -> None:
    records = [{"kind": "account", "external_id": f"a{number}", "name": f"Account {number}"} for number in range(30)]
    file = tmp_path / "accounts.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in records))
    for outcome in ("created", "unchanged"):
        report = needlework.json("import", str(file))
        assert isinstance(report, dict)
        assert report["problems"] == []
        assert [(row["kind"], row[outcome]) for row in report["imported"]] == [("account", 30)]


def test_what_is_imported_again_after_something_else_is_what_stays(needlework: Running, tmp_path: Path) -> None:
    """A, B, A within a day kept B: the third went by the first one's idempotency key, and was never looked at."""
    file = tmp_path / "accounts.jsonl"
    for name, outcome in (("A", "created"), ("B", "updated"), ("A", "updated"), ("A", "unchanged")):
        file.write_text(json.dumps({"kind": "account", "external_id": "changing", "name": name}))
        report = needlework.json("import", str(file))
        assert isinstance(report, dict)
        assert [row[outcome] for row in report["imported"]] == [1]
        found = httpx2.get(f"{needlework.url}/api/accounts?limit=500", trust_env=False).json()["items"]
        assert [each["name"] for each in found if each["external_id"] == "changing"] == [name]


def test_a_transcript_without_a_date_is_told_with_what_was_assumed(needlework: Running, tmp_path: Path) -> None:
    """Story: a transcript without a date silently became a meeting of today."""
    talks = {"undated.txt": "file", "talk-2026-03-04.txt": "day", "2026-03-04 0930 review.txt": None}
    for name in talks:
        (tmp_path / name).write_text(f"Ann: We look at {name}.\nBob: Fine.\n")
    told = needlework("import", str(tmp_path)).stderr
    assert "undated.txt: no date in it or in its name" in told
    assert "talk-2026-03-04.txt: no time of day" in told
    assert "0930 review.txt: no" not in told
    found = {Path(each["file"]).name: each["from"] for each in needlework.json("import", str(tmp_path))["assumed"]}
    assert found == {name: origin for name, origin in talks.items() if origin}


def test_users_are_imported_from_lines_and_from_tables(needlework: Running, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text('{"kind": "user", "email": "ann@acme.example", "name": "Ann"}')
    (tmp_path / "users.csv").write_text("email,name\nann@acme.example,Ann Lee\nbob@acme.example,Bob\n")
    (tmp_path / "accounts.csv").write_text("id,name,mrr\nacme-csv,ACME,12.50\n")
    report = needlework.json("import", str(tmp_path / "one.jsonl"), str(tmp_path))
    assert report == {
        "imported": [
            {"kind": "account", "created": 1, "updated": 0, "unchanged": 0},
            {"kind": "user", "created": 2, "updated": 1, "unchanged": 1},
        ],
        "problems": [],
        "skipped": [],
        "assumed": [],
        "batch_id": None,
    }
    found = httpx2.get(f"{needlework.url}/api/users", trust_env=False).json()["items"]
    assert {each["emails"][0]: each["name"] for each in found} == {
        "ann@acme.example": "Ann Lee",
        "bob@acme.example": "Bob",
    }


def test_a_reanalysis_is_followed_into_its_batch(needlework: Running) -> None:
    assert needlework("publish", "note.ingest", "--data", '{"title": "Renew"}', "--watch").exit_code == 0
    ident = needlework("publish", "labels.reanalysis", "--data", '{"type": "notes"}').stdout.split()[0]
    followed = needlework("watch", ident, "--batch")
    assert followed.exit_code == 0, followed.output
    last = followed.stdout.splitlines()[-1]
    assert last.startswith("batch_")
    assert "has ended: " in last
    again = needlework("watch", last.split()[0], "--json")
    assert [json.loads(line)["event"] for line in again.stdout.splitlines()] == ["progress", "result"]


def test_workspaces_and_tokens_are_the_same_with_and_without_the_server(needlework: Running) -> None:
    assert needlework("workspace", "create", "acme").exit_code == 0
    made = needlework.json("token", "create", "laptop", "--may", "read", "--for", "acme", "--expires", "1d")
    assert isinstance(made, dict)
    beside = ("--data", str(needlework.data))
    names = [workspace["name"] for workspace in needlework.json("workspace", "list", *beside)]  # type: ignore[attr-defined]
    assert names == ["default", "acme"]
    assert made["id"] in needlework("token", "list", *beside).stdout
    assert needlework("topics", "--token", made["token"]).exit_code == 0
    assert needlework("token", "revoke", made["id"], *beside).exit_code == 0


def test_a_wrong_token_is_refused_even_here(needlework: Running) -> None:
    result = needlework("topics", "--token", "nw_wrong")
    assert result.exit_code == 1
    assert "[401" in result.stderr


def test_a_setting_is_kept(needlework: Running) -> None:
    assert needlework("workspace", "config", "set", "timezone", "Europe/Berlin").exit_code == 0
    assert needlework("workspace", "config", "get", "timezone").stdout == "Europe/Berlin\n"
    refused = needlework("workspace", "config", "set", "timzone", "UTC")
    assert refused.exit_code == 1


def test_a_second_server_on_the_same_data_refuses_to_start_and_names_the_first(needlework: Running) -> None:
    result = needlework("serve", "--data", str(needlework.data), "--port", "0")
    assert result.exit_code == 1
    assert str(needlework.process.pid) in result.stderr


def test_an_exposed_server_makes_a_token_and_refuses_everyone_without(tmp_path: Path) -> None:
    running = start(tmp_path / "data", "--expose")
    try:
        running.url = running.url.replace("0.0.0.0", "127.0.0.1")
        assert "[401" in running("topics").stderr
    finally:
        running.stop()


def test_a_watch_goes_on_over_a_kill_and_a_restart_and_ends_with_the_result(tmp_path: Path) -> None:
    running = start(tmp_path / "data")
    assert running("pause", "topic", "note.ingest").exit_code == 0
    ident = running("publish", "note.ingest", "--data", '{"title": "Held"}').stdout.split()[0]
    code = "from needlework.cli.main import main; main()"
    command = [sys.executable, "-c", code, "watch", ident, "--json", "--url", running.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        running.streams(1)
        running.kill()
        again = start(tmp_path / "data", port=int(running.url.rpartition(":")[2]))
        assert again("resume", "topic", "note.ingest").exit_code == 0
        output, errors = watching.communicate(timeout=60)
        again.stop()
    assert watching.returncode == 0, errors
    assert [json.loads(line)["event"] for line in output.splitlines()] == ["result"]
