"""Take in what was said at a meeting."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from anyio import to_thread
from needlework.bus.clock import SECOND, micros, rfc3339
from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.formats import transcript
from needlework.handlers.formats.items import Problem
from needlework.handlers.meetings import attendees, store, summaries
from needlework.handlers.meetings.messages import AddTranscript, TranscriptSaved, TurnInput
from needlework.handlers.words import content_hash

SHORT = 10_000
"""Bytes of a transcript that are read in a few milliseconds."""


@subscribe(AddTranscript, runner="content")
async def add_transcript(message: AddTranscript, ctx: Context) -> TranscriptSaved:
    """The turns become a conversation of channel meeting, which the meeting's summary is made of.

    A meeting without a start takes the one that the text states.
    """
    row = await store.existing(ctx, message.id)
    found = None if message.turns else await _parsed(message.text or "")
    stated = None if row["starts_at"] is not None or found is None else _stated(found)
    start = row["starts_at"] or stated or ctx.now
    messages = _turns(message.turns or [], start) if found is None else _read(found, start)
    conversation = row["conversation_id"] or f"conv_{content_hash('transcript', message.id)[:26]}"
    title = row["title"][:2000]
    said = {"subject": title, "participants": [each for each in attendees.of(row) if each.email], "messages": messages}
    ctx.publish(IngestConversation(id=conversation, channel="meeting", **said))
    ctx.write(store.sql("set_transcript", 1, **_place(ctx, message.id), conversation=conversation))
    if stated is not None:
        ctx.write(store.sql("set_start", 1, **_place(ctx, message.id), start=stated))
    summaries.expect(ctx, message.id, row["ends_at"] or start, content=True)
    known = store.start_from(row) if stated is None else "stated"
    return TranscriptSaved(message.id, conversation, len(messages), known)


async def _parsed(text: str) -> dict[str, Any]:
    """A transcript as text, read once; a long one beside the loop. Raises Refuse 422 where nobody speaks in it."""
    data = text.encode("utf-8", "replace")
    parse = partial(transcript.conversation, data, received=datetime.fromtimestamp(0, UTC), source="text")
    found = parse() if len(data) <= SHORT else await to_thread.run_sync(parse)
    if isinstance(found, Problem):
        raise Refuse(422, "no_transcript", found.reason, errors=[FieldError("text", found.reason)])
    return found.data


def _stated(found: dict[str, Any]) -> int | None:
    """When a transcript says that it was held, to the minute."""
    if found["messages"][0].get("facts", {}).get("time_from") in ("file", "day"):
        return None
    return micros(datetime.fromisoformat(found["started_at"]))


def _place(ctx: Context, meeting: str) -> dict[str, Any]:
    return {"workspace": ctx.workspace.id, "id": meeting, "now": ctx.now}


def _turns(turns: list[TurnInput], start: int) -> list[MessageInput]:
    messages, at = [], start
    for number, turn in enumerate(turns):
        at = at + SECOND if turn.seconds is None else start + round(turn.seconds * SECOND)
        name = f"turn-{number}"
        messages.append(MessageInput(text=turn.text, sender=turn.speaker, sent_at=rfc3339(at), external_id=name))
    return messages


def _read(found: dict[str, Any], start: int) -> list[MessageInput]:
    """The turns of a parsed transcript, counted from its start."""
    messages: list[MessageInput] = []
    for number, each in enumerate(found["messages"]):
        seconds = each.get("facts", {}).get("seconds", number)
        name = each["sender"].get("name", "")
        sent = rfc3339(start + round(seconds * SECOND))
        messages.append(
            MessageInput(text=each["text"], sender=name, sent_at=sent, external_id=each["external_id"])
        )  # fmt: skip
    return messages
