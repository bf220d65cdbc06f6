"""Files and folders: what is recognised, and what is refused with a reason."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from needlework.handlers.formats import moment
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.formats.read import detect, read


@pytest.mark.parametrize(
    ("name", "head", "format"),
    [
        ("a.NDJSON", b"", "jsonl"),
        ("a.mbox", b"Subject: one mail\n", "eml"),
        ("1741.M1P2.host:2,S", b"Return-Path: <a@b.example>\n", "eml"),
        ("Inbox", b"From a@b.example Mon Jan  1 10:00:00 2024\n", "mbox"),
        ("call", b"\xef\xbb\xbfWEBVTT\n", "vtt"),
        ("call", b"1\r\n00:00:01,000 --> 00:00:02,000\r\n", "srt"),
        ("data", b' [{"a": 1}]', "json"),
        ("a.pdf", b"%PDF-1.4", None),
        ("a", b"", None),
    ],
)
def test_detection(name: str, head: bytes, format: str | None) -> None:
    """By suffix, then by content."""
    assert detect(name, head) == format


def test_folder_is_sorted_and_never_left(tmp_path: Path) -> None:
    """Names in order, hidden files left out, links and pipes named and not followed."""
    (tmp_path / "b.eml").write_bytes(b"Subject: b\n\nx")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "z.eml").write_bytes(b"Subject: a\n\nx")
    (tmp_path / ".hidden.eml").write_bytes(b"Subject: h\n\nx")
    (tmp_path / "c").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "d.eml")
    (tmp_path / "e.pdf").write_bytes(b"%PDF")
    os.close(os.open(os.fsencode(tmp_path) + b"/f\xff.pdf", os.O_CREAT | os.O_WRONLY))
    found = list(read(tmp_path))
    assert [each.data["subject"] for each in found if isinstance(each, Item)] == ["a", "b"]
    problems = [each for each in found if isinstance(each, Problem)]
    assert [Path(each.source).name for each in problems] == ["c", "d.eml", "e.pdf", "f\ufffd.pdf"]
    assert [each.skipped for each in problems] == [False, False, True, True]
    assert "accepted: .jsonl" in problems[2].reason


def test_an_unknown_file_that_was_named_is_a_problem(tmp_path: Path) -> None:
    """A person meant it."""
    (tmp_path / "README.md").write_text("# read me")
    (found,) = read(tmp_path / "README.md")
    assert isinstance(found, Problem)
    assert not found.skipped


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02 what",
        bytes(range(256)),
        b"caf\xe9 \x01",
        b"P\0K\0",
        b"\x01\x02\x03\x04",
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes) -> None:
    """Whatever the file is called."""
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    (found,) = read(path)
    assert isinstance(found, Problem)
    assert found.reason == "not text"


@pytest.mark.parametrize(
    "data",
    [
        "Ann: é".encode(),
        "Grüße".encode("cp1252"),
        "hi".encode("utf-16"),
        "\x1b[1mhi 日本".encode(),
        b"a" * 99 + b"\x0e",
    ],
)
def test_texts_of_old_programs_are_texts(tmp_path: Path, data: bytes) -> None:
    """Other charsets, a terminal's colours, a stray control."""
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    (found,) = read(path)
    assert isinstance(found, Item)


def test_a_file_from_the_future_is_from_now(tmp_path: Path) -> None:
    """Nothing was said tomorrow."""
    path = tmp_path / "a.txt"
    path.write_text("Ann: hello\nBob: hello\n")
    later = datetime.now(UTC) + timedelta(days=2)
    os.utime(path, (later.timestamp(), later.timestamp()))
    (found,) = read(path)
    assert isinstance(found, Item)
    assert moment.parse(found.data["last_message_at"]) <= datetime.now(UTC)


def test_link_that_leads_to_itself(tmp_path: Path) -> None:
    """A loop, a missing file and an unknown format are problems."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (loop, tmp_path / "missing.eml", tmp_path / "nul\0.eml"):
        (found,) = read(path)
        assert isinstance(found, Problem)
        assert found.reason.startswith("cannot be read")
    (found,) = read(tmp_path, format="docx")
    assert isinstance(found, Problem)
    assert "docx" in found.reason


def test_format_overrides_suffix(samples: Path, tmp_path: Path) -> None:
    """A person may know better."""
    path = tmp_path / "a.txt"
    path.write_bytes((samples / "mail" / "page.eml").read_bytes())
    (found,) = read(path, format="eml")
    assert isinstance(found, Item)
    assert found.data["subject"] == "Your order"


def test_file_time_stands_in(tmp_path: Path) -> None:
    """Where a mail has no date, it has its file's."""
    path = tmp_path / "a.eml"
    path.write_bytes(b"Subject: a\n\nb")
    os.utime(path, (1772528400, 1772528400))
    (found,) = read(path)
    assert isinstance(found, Item)
    assert found.data["started_at"] == "2026-03-03T09:00:00Z"
    os.utime(path, (1e11, 1e11))
    (found,) = read(path)
    assert isinstance(found, Item)
    assert found.data["started_at"] == "1970-01-01T00:00:00Z"
