"""List calendars."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, page_of, read_cursor
from needlework.handlers.meetings import calendars, store
from needlework.handlers.meetings.calendar_messages import CalendarSource, ListCalendars
from needlework.handlers.times import show


@subscribe(ListCalendars, runner="content")
async def list_calendars(message: ListCalendars, ctx: Context) -> Page[CalendarSource]:
    """A page of calendars, newest first."""
    (seq,) = read_cursor(message.cursor, store.LATEST)
    values = {"workspace": ctx.workspace.id, "seq": seq, "limit": message.limit + 1}
    rows = await ctx.db.all(calendars.sql("list_sources", **values))
    return page_of(rows, message.limit, _source, "seq")


def _source(row: calendars.Row) -> CalendarSource:
    same: dict[str, Any] = {name: row[name] for name in ("id", "name", "url", "status", "error", "events", "problems")}
    times: dict[str, Any] = {name: show(row[name]) for name in ("synced_at", "next_sync_at")}
    made: dict[str, Any] = {name: show(row[name]) or "" for name in ("created_at", "updated_at")}
    return CalendarSource(**same, **times, **made)
