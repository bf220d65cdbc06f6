"""Take in what was said at a meeting."""

from datetime import UTC, datetime
from typing import Any

from needlework.bus.clock import SECOND, micros, rfc3339
from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.formats import transcript
from needlework.handlers.formats.items import Problem
from needlework.handlers.meetings import store, summaries
from needlework.handlers.meetings.messages import AddTranscript, TranscriptSaved, TurnInput
from needlework.handlers.words import content_hash


@subscribe(AddTranscript, runner="content")
async def add_transcript(message: AddTranscript, ctx: Context) -> TranscriptSaved:
    """The turns become a conversation of channel meeting, which the meeting's summary is made of.

    A meeting without a start takes the one that the text states.
    """
    row = await store.existing(ctx, message.id)
    stated = None if row["starts_at"] is not None or message.turns else _stated(message.text or "")
    start = row["starts_at"] or stated or ctx.now
    messages = _turns(message.turns, start) if message.turns else _read(message.text or "", start)
    conversation = row["conversation_id"] or f"conv_{content_hash('transcript', message.id)[:26]}"
    title = row["title"][:2000]
    ctx.publish(IngestConversation(id=conversation, channel="meeting", subject=title, messages=messages))
    ctx.write(store.sql("set_transcript", 1, **_place(ctx, message.id), conversation=conversation))
    if stated is not None:
        ctx.write(store.sql("set_start", 1, **_place(ctx, message.id), start=stated))
    summaries.expect(ctx, message.id, row["ends_at"] or start, content=True)
    known = store.start_from(row) if stated is None else "stated"
    return TranscriptSaved(message.id, conversation, len(messages), known)


def _stated(text: str) -> int | None:
    """When a transcript says that it was held, to the minute."""
    found = transcript.conversation(text.encode("utf-8", "replace"), received=datetime.fromtimestamp(0, UTC))
    if isinstance(found, Problem) or found.data["messages"][0].get("facts", {}).get("time_from") in ("file", "day"):
        return None
    return micros(datetime.fromisoformat(found.data["started_at"]))


def _place(ctx: Context, meeting: str) -> dict[str, Any]:
    return {"workspace": ctx.workspace.id, "id": meeting, "now": ctx.now}


def _turns(turns: list[TurnInput], start: int) -> list[MessageInput]:
    messages, at = [], start
    for number, turn in enumerate(turns):
        at = at + SECOND if turn.seconds is None else start + round(turn.seconds * SECOND)
        name = f"turn-{number}"
        messages.append(MessageInput(text=turn.text, sender=turn.speaker, sent_at=rfc3339(at), external_id=name))
    return messages


def _read(text: str, start: int) -> list[MessageInput]:
    """The turns of a transcript as text. Raises Refuse 422 where nobody speaks in it."""
    began = datetime.fromtimestamp(start / SECOND, UTC)
    found = transcript.conversation(text.encode("utf-8", "replace"), received=began, source="text")
    if isinstance(found, Problem):
        raise Refuse(422, "no_transcript", found.reason, errors=[FieldError("text", found.reason)])
    messages: list[MessageInput] = []
    for number, each in enumerate(found.data["messages"]):
        seconds = each.get("facts", {}).get("seconds", number)
        name = each["sender"].get("name", "")
        sent = rfc3339(start + round(seconds * SECOND))
        messages.append(
            MessageInput(text=each["text"], sender=name, sent_at=sent, external_id=each["external_id"])
        )  # fmt: skip
    return messages
