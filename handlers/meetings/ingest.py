"""Take in meetings."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Saved
from needlework.handlers.batches import save_one_or_all
from needlework.handlers.meetings import attendees, store, summaries
from needlework.handlers.meetings.messages import IngestMeeting, MeetingInput
from needlework.handlers.people import person
from needlework.handlers.times import parse_time


@subscribe(IngestMeeting, runner="content")
async def ingest(message: IngestMeeting, ctx: Context) -> Saved | list[Saved]:
    """Save one meeting, or each of a list."""
    return await save_one_or_all(ctx, message, save, _keys)


def _keys(given: MeetingInput) -> list[str]:
    return [key for key in (given.id, given.external_id) if key]


async def save(ctx: Context, given: MeetingInput) -> Saved:
    """Save one meeting."""
    row = await store.MEETINGS.find(ctx, given.id, given.external_id)
    people = None if given.attendees is None else [person(each) for each in given.attendees]
    stated = {
        "external_id": given.external_id,
        "title": given.title,
        "starts_at": parse_time(given.start, "start"),
        "ends_at": parse_time(given.end, "end"),
        "tz": given.tz,
        "status": given.status,
        "attendees": _json(people),
        "conversation_id": given.conversation_id,
        "facts": _json(_facts(row, given)),
    }
    saved = store.MEETINGS.save(ctx, row, given.id, stated)
    conversation = given.conversation_id or (row["conversation_id"] if row is not None else None)
    if saved.unchanged is not True and people and conversation is not None:
        await attendees.take_part(ctx, conversation, people)
    end = parse_time(given.end, "end") or (row["ends_at"] if row is not None else None)
    if saved.unchanged is not True and given.status == "cancelled" and row is not None:
        summaries.call_off(ctx, saved.id)
    elif saved.unchanged is not True and end is not None:
        summaries.expect(ctx, saved.id, end, content=given.conversation_id is not None)
    return saved


def _facts(row: store.Row, given: MeetingInput) -> dict[str, Any] | None:
    """Those that are given; that a start was assumed is told until one is given."""
    known = {} if row is None else msgspec.json.decode(row["facts"])
    if store.START_FROM not in known:
        return given.facts
    stated = dict(known if given.facts is None else given.facts)
    if given.start is None:
        return stated | {store.START_FROM: known[store.START_FROM]}
    return {name: value for name, value in stated.items() if name != store.START_FROM}


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value, order="sorted").decode()
