"""Transcripts: lines, WebVTT, SRT."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from needlework.handlers.formats import cues, transcript
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.formats.read import read

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def spoken(data: dict[str, Any]) -> list[tuple[str, str]]:
    """Who said what."""
    return [(each["sender"].get("name", ""), each["text"]) for each in data["messages"]]


def only(path: Path) -> dict[str, Any]:
    """The payload of a file with one conversation."""
    (found,) = read(path)
    assert isinstance(found, Item)
    assert (found.kind, found.data["channel"]) == ("conversation", "meeting")
    return found.data


def test_lines_with_times_and_headers(samples: Path) -> None:
    """The file's own title, date and people; a line without a name goes on with the turn."""
    found = only(samples / "transcripts" / "standup.txt")
    assert found["subject"] == "Weekly standup"
    assert found["started_at"] == "2026-03-03T09:00:00Z"
    assert found["participants"] == [{"name": "Ann", "email": "ann@example.org"}, {"name": "Bob"}]
    assert spoken(found) == [
        ("Ann", "Good morning. Let us start: who begins?"),
        ("Bob", "The export fails at 10:30 each day.\nIt has done so since Monday."),
        ("Ann", "I will look at it."),
    ]
    assert found["messages"][1]["sent_at"] == "2026-03-03T09:00:12Z"
    assert found["messages"][1]["facts"] == {"seconds": 12.0}


def test_webvtt(samples: Path) -> None:
    """Voices; cues of one voice in a row are one turn; comments and styles are not speech."""
    found = only(samples / "transcripts" / "call.vtt")
    assert spoken(found) == [("Ann Lee", "Hello there & welcome. Can you hear me?"), ("Bob", "Yes.")]
    assert found["messages"][1]["facts"] == {"seconds": 3606.25, "time_from": "file"}
    assert found["subject"] == "Call"


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("Mrs. Lindgren: We start.", "Mrs. Lindgren"),
        ("[00:12] Dr. Elena Marsh: We start.", "Dr. Elena Marsh"),
        ("John F. Kennedy: We start.", "John F. Kennedy"),
        ("**Mr. Hollis:** We start.", "Mr. Hollis"),
        ("**Ann**: We start.", "Ann"),
        ("- __Ann Lee:__ We start.", "Ann Lee"),
    ],
)
def test_a_name_may_have_a_title_an_initial_or_bold_letters(line: str, who: str) -> None:
    """Story: "Mrs. Lindgren: …" went on with the turn before, and its words were somebody else's."""
    found = transcript.conversation(f"Bob: Hello.\n{line}\n".encode(), received=NOW)
    assert isinstance(found, Item)
    assert spoken(found.data) == [("Bob", "Hello."), (who, "We start.")]


def test_a_sentence_before_a_colon_is_no_name() -> None:
    found = transcript.conversation(b"Bob: Hello.\nThat is all. Note: it rains.\n", received=NOW)
    assert isinstance(found, Item)
    assert spoken(found.data) == [("Bob", "Hello.\nThat is all. Note: it rains.")]


def test_a_heading_of_markdown_is_the_title() -> None:
    found = transcript.conversation(b"# Acme call\nDate: 2026-03-10\n\n**Ann:** Hello.\n", received=NOW)
    assert isinstance(found, Item)
    assert (found.data["subject"], spoken(found.data)) == ("Acme call", [("Ann", "Hello.")])


def test_srt(samples: Path) -> None:
    """Names before a colon; carriage returns."""
    found = only(samples / "transcripts" / "call.srt")
    assert spoken(found) == [("ANN", "Shall we ship it?"), ("BOB", "On Friday, not before.")]


def test_plain_text_is_a_note(samples: Path) -> None:
    """A text in which nobody speaks is a note, not a meeting."""
    (found,) = read(samples / "transcripts" / "plain.txt")
    assert isinstance(found, Item)
    assert (found.kind, found.data["title"]) == ("note", "plain")
    assert found.data["body_md"].startswith("Shopping list\n\nMilk")


@pytest.mark.parametrize(
    ("line", "turn"),
    [
        ("[00:12:03] Ann Lee: hi", ("Ann Lee", "hi", 723.0)),
        ("00:12:03 Ann: hi", ("Ann", "hi", 723.0)),
        ("(1:05) Ann: hi", ("Ann", "hi", 65.0)),
        ("Ann (1:05): hi", ("Ann", "hi", 65.0)),
        ("Ann [00:01:05] hi", ("Ann", "hi", 65.0)),
        ("Ann: see https://x.example", ("Ann", "see https://x.example", None)),
        ("https://x.example/a", ("", "https://x.example/a", None)),
        ("I said. And then: nothing", ("", "I said. And then: nothing", None)),
        ("王小明: 你好", ("王小明", "你好", None)),
    ],
)
def test_line_shapes(line: str, turn: tuple[str, str, float | None]) -> None:
    """The usual ways to write a turn, and what only looks like one."""
    (found,) = transcript._lines([line])
    assert found == cues.Turn(*turn)


def test_names_on_lines_of_their_own() -> None:
    """Name and time above the words."""
    data = b"Ann Lee  0:03\nHello all.\nWelcome.\n\nBob  0:10\nHi.\n"
    found = transcript.conversation(data, received=NOW)
    assert isinstance(found, Item)
    assert spoken(found.data) == [("Ann Lee", "Hello all.\nWelcome."), ("Bob", "Hi.")]
    assert [each["sent_at"] for each in found.data["messages"]] == ["2026-03-02T23:59:53Z", "2026-03-03T00:00:00Z"]


def test_without_a_date_a_transcript_ends_when_its_file_was_written() -> None:
    """With times or without, nothing is said after the file's own time."""
    for data in (b"[01:00:00] Ann: a\n[00:00:05] Bob: b\n", b"Ann: a\nBob: b\n"):
        found = transcript.conversation(data, received=NOW)
        assert isinstance(found, Item)
        assert max(each["sent_at"] for each in found.data["messages"]) == "2026-03-03T00:00:00Z"
        assert found.data["last_message_at"] == "2026-03-03T00:00:00Z"
    assert isinstance(found, Item)
    assert found.data["started_at"] == "2026-03-02T23:59:59Z"


def test_the_title_behind_webvtt() -> None:
    """Behind a dash, as the format has it."""
    text = b"WEBVTT - Weekly product meeting\r\n\r\n00:01.000 --> 00:02.000\r\n<v Ann>Hi.\r\n"
    found = transcript.conversation(text, received=NOW, subject="weekly")
    assert isinstance(found, Item)
    assert found.data["subject"] == "Weekly product meeting"


def test_nothing_spoken() -> None:
    """Headers alone are no meeting."""
    assert isinstance(transcript.conversation(b"WEBVTT\n\n", received=NOW), Problem)
    assert isinstance(transcript.conversation(b"Title: x\nDate: 2026-03-03\n", received=NOW), Problem)


def test_a_long_turn_of_many_lines_is_joined_once() -> None:
    """Each line made the whole turn anew: a megabyte of them took twenty seconds."""
    said = "Ann: we begin\n" + "and it goes on like this\n" * 2000
    found = transcript.conversation(said.encode(), received=NOW)
    assert isinstance(found, Item)
    (turn,) = found.data["messages"]
    assert turn["text"].count("\n") == 2000
