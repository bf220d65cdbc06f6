"""Mbox: where mails begin and end."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from needlework.handlers.formats import mail, mbox
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.formats.read import read

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def test_thread(samples: Path) -> None:
    """Two mails of one thread share the conversation; text that begins with From stays text."""
    first, second, third = read(samples / "mail" / "thread.mbox")
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert first.data["external_id"] == second.data["external_id"] == "m1@example.org"
    assert first.data["started_at"] == "2026-03-03T09:00:00Z"  # from the envelope line
    assert second.data["started_at"] == "2026-03-03T08:29:00Z"
    assert first.data["messages"][0]["text"] == "I cannot log in.\nFrom here it looks broken."
    assert second.data["messages"][0]["text"] == "Which browser?\nFrom what I see, none."
    assert isinstance(third, Problem)
    assert (third.line, third.source.endswith("thread.mbox#3")) == (19, True)


def test_too_large_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """One huge mail is a problem, the next one is read."""
    monkeypatch.setattr(mail, "LARGEST", 1000)
    separator = b"From a Mon Jan  1 10:00:00 2024\n"
    data = separator + b"Subject: x\n\n" + b"long\n" * 1000 + b"\n" + separator + b"Subject: y\n\nz\n"
    first, second = mbox.conversations(BytesIO(data), received=NOW)
    assert isinstance(first, Problem)
    assert isinstance(second, Item)
    assert second.data["subject"] == "y"


def test_no_mbox() -> None:
    """A file without any separator says so."""
    (found,) = mbox.conversations(BytesIO(b"hello\n\nFrom here on\n"), received=NOW)
    assert isinstance(found, Problem)
