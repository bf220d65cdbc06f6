"""Dates in headings and in files' names."""

from pathlib import Path

import pytest
from needlework.handlers.formats.items import Item
from needlework.handlers.formats.read import read
from needlework.handlers.formats.when import held, title

NOON = "2026-03-04T12:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "at", "exact", "rest"),
    [
        ("standup-2026-03-04", NOON, False, "standup"),
        ("incident_20260304", NOON, False, "incident"),
        ("Weekly sync (4 March 2026)", NOON, False, "Weekly sync"),
        ("March 4th, 2026 board", NOON, False, "board"),
        ("Board 4.3.2026", NOON, False, "Board"),
        ("GMT20260304-150000_Hiring and budget.transcript", "2026-03-04T15:00:00+00:00", True, "Hiring and budget"),
        ("Sync-20260304_140500-Meeting Recording", "2026-03-04T14:05:00+00:00", True, "Sync"),
        ("2026-03-04 14.05 Acme call", "2026-03-04T14:05:00+00:00", True, "Acme call"),
        ("acme March 4, 2026 2:30 pm", "2026-03-04T14:30:00+00:00", True, "acme"),
        ("2026-03-04", NOON, False, "2026-03-04"),
    ],
)
def test_a_date_is_read_and_the_title_is_what_is_left(text: str, at: str, exact: bool, rest: str) -> None:
    found = held(text)
    assert found is not None
    assert (found.at.isoformat(), found.exact, title(text)) == (at, exact, rest)


@pytest.mark.parametrize(
    "text",
    ["Sprint planning", "Report 12345678", "2026-02-31 x", "call 20261301", "Budget 2026", "v1.2.2020.3", "Q1 2026-03"],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert held(text) is None
    assert title(text) == text


@pytest.mark.parametrize(
    ("name", "text", "start", "origin"),
    [
        ("talk.txt", "Ann: Hello.\nBob: Hi.\n", None, "file"),
        ("talk 2026-03-04.txt", "Ann: Hello.\nBob: Hi.\n", "2026-03-04T12:00:00Z", "day"),
        ("talk 2026-03-04 0930.txt", "Ann: Hello.\nBob: Hi.\n", "2026-03-04T09:30:00Z", "order"),
        ("talk.txt", "Date: 4 March 2026\n\nAnn: Hello.\nBob: Hi.\n", "2026-03-04T12:00:00Z", "day"),
        ("talk.txt", "Acme call, 4 March 2026\n\nAnn: Hello.\nBob: Hi.\n", "2026-03-04T12:00:00Z", "day"),
        ("2026-01-01.txt", "Date: 2026-03-04 10:00\n\nAnn: Hello.\nBob: Hi.\n", "2026-03-04T10:00:00Z", "order"),
        (
            "a.vtt",
            "WEBVTT\n\nNOTE 2026-03-04 10:00\n\n00:01.000 --> 00:02.000\nAnn: Hi.\n",
            "2026-03-04T10:00:00Z",
            None,
        ),
    ],
)
def test_a_transcript_says_how_far_its_time_is_known(
    tmp_path: Path, name: str, text: str, start: str | None, origin: str | None
) -> None:
    """Story: a transcript without a date silently became a meeting of today."""
    path = tmp_path / name
    path.write_text(text)
    (found,) = read(path)
    assert isinstance(found, Item)
    assert start in (None, found.data["started_at"])
    assert found.data["messages"][0].get("facts", {}).get("time_from") == origin


def test_numbered_speakers_are_speakers(tmp_path: Path) -> None:
    """Story: an interview with "Participant 4:" was one turn of the interviewer."""
    path = tmp_path / "talk.txt"
    path.write_text("Interviewer: And you?\nParticipant 4: I drive.\nSpeaker 1: I walk.\nStep 1: open the door.\n")
    (found,) = read(path)
    assert isinstance(found, Item)
    assert [each["sender"]["name"] for each in found.data["messages"]] == ["Interviewer", "Participant 4", "Speaker 1"]
