"""Meetings: rows in, statements out."""

from pathlib import Path
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries
from needlework.handlers.meetings.messages import Meeting, StartFrom
from needlework.handlers.people import Person
from needlework.handlers.times import show
from needlework.handlers.upserts import Kind

sql = Queries(Path(__file__).with_name("queries.sql"))
MEETINGS = Kind(
    sql,
    "meeting",
    "meet",
    by_id="find_meeting_by_id",
    by_external_id="find_meeting_by_external_id",
    insert="insert_meeting",
    update="update_meeting",
)
START_FROM = "start_from"
"""The fact that says what an assumed start was taken from; a start that somebody states takes it away."""
LATEST = 1 << 62
EARLIEST = -LATEST
Row = Any


async def existing(ctx: Context, id: str) -> Row:
    """Meeting `id`. Raises Refuse 404."""
    row = await MEETINGS.find(ctx, id, None)
    if row is None:
        raise Refuse(404, "not_found", f"no meeting {id!r} in this workspace")
    return row


def start_from(row: Row) -> StartFrom:
    """How far it is known when a meeting began."""
    if row["starts_at"] is None:
        return "none"
    assumed = msgspec.json.decode(row["facts"]).get(START_FROM)
    return assumed if assumed in ("file", "day", "now") else "stated"


def meeting(row: Row) -> Meeting:
    """A row of `meetings` as the API shows it."""
    same = {name: row[name] for name in ("id", "external_id", "title", "tz", "status", "conversation_id")}
    return Meeting(
        **same,
        start=show(row["starts_at"]),
        start_from=start_from(row),
        end=show(row["ends_at"]),
        attendees=msgspec.json.decode(row["attendees"], type=list[Person]),
        facts=msgspec.json.decode(row["facts"]),
        created_at=show(row["created_at"]) or "",
        updated_at=show(row["updated_at"]) or "",
    )
