"""The sample's meetings: each with what was said in it, read from its transcript."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from needlework.bus.clock import rfc3339
from needlework.bus.durations import parse_duration
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.formats import transcript
from needlework.handlers.formats.items import Problem
from needlework.handlers.meetings.messages import IngestMeeting

_FOLDER = Path(__file__).with_name("meetings")
_MINUTE = 60_000_000
Items = Iterator[IngestConversation | IngestMeeting]


def meeting_items(entry: dict[str, Any], now: int, account: str | None) -> Items:
    """A meeting's conversation and the meeting itself. Raises ValueError for a transcript without turns."""
    start = (now - parse_duration(entry["age"])) // _MINUTE * _MINUTE
    name = f"sample_{entry['name']}"
    said = IngestConversation(
        id=f"conv_{name}", channel="meeting", subject=entry["title"], account_id=account, messages=_turns(entry, start)
    )
    yield said
    yield IngestMeeting(
        id=f"meet_{name}",
        title=entry["title"],
        start=rfc3339(start),
        end=rfc3339(start + entry["minutes"] * _MINUTE),
        tz="UTC",
        attendees=entry["attendees"],
        conversation_id=said.id,
    )


def _turns(entry: dict[str, Any], start: int) -> list[MessageInput]:
    text = _FOLDER.joinpath(f"{entry['name']}.txt").read_text("utf-8")
    stated = f"Start: {rfc3339(start)}\n\n{text}"
    found = transcript.conversation(stated.encode(), received=datetime.fromtimestamp(start / 1e6, UTC))
    if isinstance(found, Problem):
        raise ValueError(f"{entry['name']}: {found.reason}")
    return [MessageInput(**{**each, "sender": each["sender"]["name"]}) for each in found.data["messages"]]
