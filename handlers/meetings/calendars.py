"""What saving a calendar's text means: which events are new, changed or gone. Shared by ingest and sync."""

from pathlib import Path
from typing import Any, NamedTuple

import anyio.to_thread
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries
from needlework.handlers.formats import ics
from needlework.handlers.meetings.calendar_messages import CalendarEvents
from needlework.handlers.times import MINUTE

sql = Queries(Path(__file__).with_name("calendars.sql"))
EVERY = 60 * MINUTE
"""How often a calendar with an address is fetched."""
STEP = 500
"""Events in one commit."""
Row = Any


class Change(NamedTuple):
    """How a text differs from what was known."""

    events: int
    changed: int
    removed: int


async def existing(ctx: Context, id: str) -> Row:
    """Calendar `id`. Raises Refuse 404."""
    row = await ctx.db.one(sql("find_source", workspace=ctx.workspace.id, id=id))
    if row is None:
        raise Refuse(404, "not_found", f"no calendar {id!r} in this workspace")
    return row


async def save_events(ctx: Context, source: str, text: str) -> Change:
    """Save what differs and have it placed. Done in steps: a repeat after a crash finds what is left to do."""
    found = await anyio.to_thread.run_sync(ics.events, text)
    rows = await ctx.db.all(sql("known_events", workspace=ctx.workspace.id, connection=source))
    known = {row["uid"]: row for row in rows}
    changed = [each for each in found if not _same(known.get(each.uid), each)]
    gone = [uid for uid in known.keys() - {each.uid for each in found} if known[uid]["status"] == "present"]
    for number, each in enumerate(changed, 1):
        values = {"connection": source, "uid": each.uid, "text": each.text, "raw_hash": each.hash}
        ctx.write(sql("put_event", id=ctx.new_id("cev"), workspace=ctx.workspace.id, now=ctx.now, **values))
        ctx.publish(CalendarEvents(connection_id=source, event_uid=each.uid))
        if number % STEP == 0:
            await ctx.commit()
            await ctx.progress(number, of=len(changed))
    remove(ctx, source, gone)
    return Change(len(found), len(changed), len(gone))


def remove(ctx: Context, source: str, uids: list[str]) -> None:
    """Collect that these events are gone, and that their meetings hear of it."""
    for uid in sorted(uids):
        ctx.write(sql("remove_event", workspace=ctx.workspace.id, connection=source, uid=uid, now=ctx.now))
        ctx.publish(CalendarEvents(connection_id=source, event_uid=uid))


def _same(row: Row | None, event: ics.EventText) -> bool:
    return row is not None and row["raw_hash"] == event.hash and row["status"] == "present"


def state(row: Row) -> dict[str, Any]:
    """The columns of a calendar that `update_source` writes, as they are."""
    return {name: row[name] for name in ("url", "status", "error", "etag", "modified", "synced_at", "next_sync_at")}


def write_state(ctx: Context, id: str, values: dict[str, Any]) -> None:
    """Collect the columns of a calendar."""
    ctx.write(sql("update_source", 1, workspace=ctx.workspace.id, id=id, now=ctx.now, **values))
