"""Fetch a calendar from its address."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.formats import ics
from needlework.handlers.meetings import calendars
from needlework.handlers.meetings.calendar_messages import SyncCalendar, Synced
from needlework.handlers.net.fetch import fetch
from needlework.handlers.net.outcomes import CallError
from needlework.handlers.words import clean


@subscribe(SyncCalendar, runner="calendar_events")
async def sync(message: SyncCalendar, ctx: Context) -> Synced:
    """Ask only for what has changed. What cannot be had is told, and what is known of the events stays."""
    row = await calendars.existing(ctx, message.id)
    if row["url"] is None:
        raise Refuse(409, "no_address", f"calendar {row['name']!r} was sent in as text; send it in again")
    values = calendars.state(row) | {"next_sync_at": ctx.now + calendars.EVERY}
    try:
        found = await fetch(row["url"], headers=_conditions(row))
        text = "" if found.status == 304 else clean(ics.decode(found.body))
    except (CallError, ValueError) as error:
        await ctx.log("calendar.failing", calendar=message.id, error=str(error))
        calendars.write_state(ctx, message.id, values | {"status": "failing", "error": str(error)})
        return Synced(id=message.id, status="failing", error=str(error))
    values |= {"status": "active", "error": None, "synced_at": ctx.now}
    if found.status == 304:
        calendars.write_state(ctx, message.id, values)
        return Synced(id=message.id, status="active")
    change = await calendars.save_events(ctx, message.id, text)
    values |= {"etag": _kept(found.headers.get("etag")), "modified": _kept(found.headers.get("last-modified"))}
    calendars.write_state(ctx, message.id, values)
    return Synced(id=message.id, status="active", **change._asdict())


def _conditions(row: calendars.Row) -> dict[str, str]:
    stated: dict[str, Any] = {"If-None-Match": row["etag"], "If-Modified-Since": row["modified"]}
    return {name: value for name, value in stated.items() if value}


def _kept(value: str | None) -> str | None:
    """What can be sent back just so: half of it would mean nothing, and a header that we send is ASCII."""
    return value if value is not None and len(value) <= 500 and value.isascii() else None
