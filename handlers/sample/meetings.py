"""The sample's meetings: each with what was said in it, read from its transcript."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from needlework.bus.clock import rfc3339
from needlework.bus.durations import parse_duration
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.formats import transcript
from needlework.handlers.formats.items import Problem
from needlework.handlers.meetings.messages import IngestMeeting
from needlework.handlers.people import Person
from needlework.handlers.sample.plans import QUARTER
from needlework.handlers.times import MINUTE

_FOLDER = Path(__file__).with_name("meetings")


def said(entry: dict[str, Any], now: int, account: str | None) -> IngestConversation:
    """What was said at a meeting. Raises ValueError for a transcript without turns."""
    return IngestConversation(
        id=f"conv_sample_{entry['name']}", channel="meeting", subject=entry["title"], account_id=account,
        messages=_turns(entry, _start(entry, now)),
    )  # fmt: skip


def meeting(entry: dict[str, Any], now: int) -> IngestMeeting:
    """The meeting itself."""
    start = _start(entry, now)
    return IngestMeeting(
        id=f"meet_sample_{entry['name']}",
        title=entry["title"],
        start=rfc3339(start),
        end=rfc3339(start + entry["minutes"] * MINUTE),
        tz="UTC",
        attendees=[Person(**each) for each in entry["attendees"]],
        conversation_id=f"conv_sample_{entry['name']}",
    )


def _start(entry: dict[str, Any], now: int) -> int:
    return (now - parse_duration(entry["age"])) // QUARTER * QUARTER


def _turns(entry: dict[str, Any], start: int) -> list[MessageInput]:
    text = _FOLDER.joinpath(f"{entry['name']}.txt").read_text("utf-8")
    stated = f"Start: {rfc3339(start)}\n\n{text}"
    found = transcript.conversation(stated.encode(), received=datetime.fromtimestamp(start / 1e6, UTC))
    if isinstance(found, Problem):
        raise ValueError(f"{entry['name']}: {found.reason}")
    return [MessageInput(**{**each, "sender": each["sender"]["name"]}) for each in found.data["messages"]]
