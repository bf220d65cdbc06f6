"""Importing: batches that may be repeated, refused records that stand alone, and a count of all."""

import json
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from needlework.cli import bars
from needlework.cli.importing import Importer
from needlework.handlers.formats.items import Item, Problem


def ingest(request: httpx2.Request) -> httpx2.Response:
    """A server that refuses what has no text and creates the rest."""
    records = msgspec.json.decode(request.content)
    if any("text" not in record for record in records):
        return httpx2.Response(422, content=b'{"detail":"text is missing"}')
    answer = [{"id": f"note_{number}", "created": True} for number, _ in enumerate(records)]
    return httpx2.Response(200, content=msgspec.json.encode(answer))


@pytest.fixture
def importer(server) -> Importer:
    server.answers.append(ingest)
    return Importer(server.client(), lambda count: None)


def note(**data: Any) -> Item:
    return Item("note", data)


def test_records_travel_in_batches_below_the_body_limit(server, importer: Importer) -> None:
    importer.take(Path("big"), [note(text="x" * 300_000, external_id=str(number)) for number in range(7)])
    importer.flush()
    assert importer.created["note"] == 7
    assert all(len(request.content) <= 921_600 + 100 for request in server.requests)
    assert len(server.requests) == 3
    assert {request.url.path for request in server.requests} == {"/api/notes"}


def test_the_same_batch_has_the_same_key_so_that_a_second_import_is_at_once_done(server, importer: Importer) -> None:
    for _ in range(2):
        importer.take(Path("a"), [note(text="one")])
        importer.flush()
    first, second = (request.headers["Idempotency-Key"] for request in server.requests)
    assert first == second


def test_accounts_come_before_what_refers_to_them(server, importer: Importer) -> None:
    importer.take(Path("a"), [note(text="n"), Item("conversation", {"text": "c"}), Item("account", {"text": "a"})])
    importer.flush()
    assert [request.url.path for request in server.requests] == [
        "/api/accounts",
        "/api/conversations",
        "/api/notes",
    ]


def test_a_refused_record_does_not_stop_its_neighbours(importer: Importer) -> None:
    importer.take(Path("notes.jsonl"), [note(text="a"), note(title="no text"), note(text="b"), note(text="c")])
    importer.flush()
    assert importer.created["note"] == 3
    (problem,) = importer.problems
    assert problem["source"] == "notes.jsonl, record 2"
    assert "text is missing" in problem["reason"]


def test_what_cannot_be_read_is_a_problem_with_its_line(importer: Importer) -> None:
    importer.take(Path("a"), [Problem("a.jsonl", 7, "not JSON"), note(text="fine")])
    importer.flush()
    assert importer.created["note"] == 1
    assert importer.problems == [{"file": "a", "source": "a.jsonl", "line": 7, "reason": "not JSON"}]


def test_the_command_counts_lists_problems_and_fails_where_there_were_any(server, tmp_path: Path) -> None:
    server.answers.append(ingest)
    file = tmp_path / "notes.jsonl"
    file.write_text('{"kind": "note", "text": "one"}\n{broken\n')
    result = server("import", str(file), "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert len(report["problems"]) >= 1
    assert server("import", str(tmp_path / "absent")).exit_code == 2


def test_a_row_of_a_table_that_is_refused_is_named_by_its_line(server, tmp_path: Path) -> None:
    server.answers.append(ingest)
    file = tmp_path / "users.csv"
    file.write_text("email,name\na@b.example,Ann\nnobody,Eve\n")
    result = server("import", str(file))
    assert result.exit_code == 1
    assert server.sent() == [{"name": "Ann", "emails": ["a@b.example"]}]
    assert "users.csv:2: text is missing" in result.stderr
    assert "users.csv:3: email 'nobody' is not an address" in result.stderr


def test_what_the_server_says_is_the_same_counts_as_unchanged(server, tmp_path: Path) -> None:
    server.says([{"id": "note_1", "created": True}])
    server.says({"total": 1})
    server.says([{"id": "note_1", "created": False, "unchanged": True}])
    file = tmp_path / "notes.jsonl"
    file.write_text('{"kind": "note", "text": "one"}\n')
    reports = [json.loads(server("import", str(file), "--json").stdout) for _ in range(2)]
    assert [report["imported"] for report in reports] == [
        [{"kind": "note", "created": 1, "updated": 0, "unchanged": 0}],
        [{"kind": "note", "created": 0, "updated": 0, "unchanged": 1}],
    ]


def test_names_of_files_neither_command_the_terminal_nor_break_its_lines(server, tmp_path: Path) -> None:
    name = "a\x1b[31m\nnot imported: b\x9b.csv"
    (tmp_path / name).write_text("nope\n1\n")
    told = server("import", str(tmp_path)).stderr
    assert told.count("\n") == 3
    for options in ((), ("--json",)):
        result = server("import", str(tmp_path), *options)
        assert not {"\x1b", "\x9b"} & set(result.output)
    (problem,) = json.loads(server("import", str(tmp_path), "--json").stdout)["problems"]
    assert problem["source"].endswith("\nnot imported: b\x9b.csv")


def test_a_stray_file_in_a_folder_is_skipped_with_a_note(server, tmp_path: Path) -> None:
    server.says([{"id": "note_1", "created": True}])
    (tmp_path / "notes.jsonl").write_text('{"kind": "note", "text": "one"}\n')
    (tmp_path / "README.md").write_text("# what these are")
    result = server("import", str(tmp_path))
    assert result.exit_code == 0
    assert f"skipped: {tmp_path / 'README.md'}: unknown kind of file" in result.stderr
    report = json.loads(server("import", str(tmp_path), "--json").stdout)
    assert [Path(each["source"]).name for each in report["skipped"]] == ["README.md"]
    assert report["problems"] == []
    named = server("import", str(tmp_path / "README.md"))
    assert named.exit_code == 1
    assert "error: 1 record was not imported" in named.stderr


def test_an_import_says_how_far_its_analysis_can_be_watched(server, tmp_path: Path) -> None:
    for _ in range(2):
        server.says([{"id": "note_1", "created": True}])
        server.says({"total": 3})
    file = tmp_path / "notes.jsonl"
    file.write_text('{"kind": "note", "text": "one"}\n')
    told = server("import", str(file), "--batch", "batch_mine").stdout
    assert "3 texts to be analysed; how far: needlework watch batch_mine" in told
    assert [str(request.url.raw_path, "ascii") for request in server.requests] == [
        "/api/notes?batch_id=batch_mine",
        "/api/internal/batches/batch_mine",
    ]
    assert json.loads(server("import", str(file), "--json").stdout)["batch_id"].startswith("batch_")


def test_a_batch_that_can_be_none_is_refused_before_anything_is_sent(server, tmp_path: Path) -> None:
    """It was refused with each record, halved down to single ones, and told once for each."""
    file = tmp_path / "notes.jsonl"
    file.write_text('{"kind": "note", "text": "one"}\n' * 8)
    for wrong in ("mine", "batch_", "batch_a/b"):
        refused = server("import", str(file), "--batch", wrong)
        assert (refused.exit_code, refused.stderr.count("must be batch_")) == (2, 1)
    assert server.requests == []


def test_an_import_that_changed_nothing_names_no_batch(server, tmp_path: Path) -> None:
    server.says([{"id": "note_1", "created": False, "unchanged": True}])
    file = tmp_path / "notes.jsonl"
    file.write_text('{"kind": "note", "text": "one"}\n')
    assert "watch" not in server("import", str(file)).stdout
    assert json.loads(server("import", str(file), "--json").stdout)["batch_id"] is None


def test_an_import_follows_its_analysis_to_the_end(server, tmp_path: Path) -> None:
    ended = {"total": 1, "waiting": 0, "done": 1}
    server.says([{"id": "note_1", "created": True}])
    server.says({"total": 1})
    server.streams(b"id: 1\nevent: result\ndata: " + json.dumps(ended).encode() + b"\n\n")
    file = tmp_path / "notes.jsonl"
    file.write_text('{"kind": "note", "text": "one"}\n')
    assert "batch_mine has ended: 1 done" in server("import", str(file), "--watch", "--batch", "batch_mine").stdout


def test_a_stray_file_that_is_named_is_an_error_with_its_place_and_nothing_is_sent(server, tmp_path: Path) -> None:
    strays = {
        "package.json": '{"name": "app", "version": "1.0.0"}',
        "list.json": "[1]",
        "people.csv": "who,age\nAnn,4\n",
        "old.mbox": "hello\n",
    }
    for name, text in strays.items():
        file = tmp_path / name
        file.write_text(text)
        result = server("import", str(file))
        assert result.exit_code == 1
        assert f"not imported: {file}:" in result.stderr
        assert "1 record was not imported" in result.stderr
    assert server.requests == []


def test_without_a_terminal_a_line_every_few_seconds_says_how_far_it_is(
    server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log of CI was silent from the first record to the last."""
    for _ in range(2):
        for _ in range(4):
            server.says([{"created": True}] * 500)
        server.says({"total": 2_000})
    file = tmp_path / "notes.jsonl"
    file.write_text('{"kind": "note", "text": "one"}\n' * 2_000)
    for options, lines in (((), ["records: 1,000 so far", "records: 2,000 so far"]), (("--json",), [])):
        seconds = iter(range(0, 100, 3))  # four requests, three seconds each
        monkeypatch.setattr(bars, "monotonic", lambda seconds=seconds: float(next(seconds)))
        result = server("import", str(file), *options)
        assert [line for line in result.stderr.splitlines() if "so far" in line] == lines


def test_a_record_whose_time_says_nonsense_of_itself_is_sent_like_any_other(server, tmp_path: Path) -> None:
    server.says([{"id": "conv_1", "created": True}])
    message = {"text": "Hello", "sender": "ann@x.test", "facts": {"time_from": ["x"]}}
    record = {"channel": "meeting", "external_id": "m1", "messages": [message]}
    (tmp_path / "one.jsonl").write_text(json.dumps(record) + "\n")
    assert server("import", str(tmp_path / "one.jsonl")).exit_code == 0
