"""Fetch calendars that are due, and look again at events that go on."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.meetings import calendars
from needlework.handlers.meetings.calendar_messages import CalendarEvents, SyncCalendar, TickCalendars
from needlework.handlers.times import MINUTE

PAGE = 500
AGAIN = 20 * 60 * MINUTE
"""How long the occurrences of an event stay placed as they are: the window moves on by a day a day."""


@subscribe(TickCalendars, runner="system")
async def tick(message: TickCalendars, ctx: Context) -> None:
    """Both, a page at a time; the place to go on from is that of the last event looked at."""
    workspace = ctx.workspace.id
    if ctx.cursor is None:
        for row in await ctx.db.all(calendars.sql("due_sources", workspace=workspace, now=ctx.now, limit=PAGE)):
            ctx.publish(SyncCalendar(id=row["id"]))
    seq = ctx.cursor or 0
    while True:
        values = {"workspace": workspace, "seq": seq, "before": ctx.now - AGAIN, "limit": PAGE}
        rows = await ctx.db.all(calendars.sql("events_ahead", **values))
        for row in rows:
            ctx.publish(CalendarEvents(connection_id=row["connection_id"], event_uid=row["uid"]))
        if len(rows) < PAGE:
            return
        seq = rows[-1]["seq"]
        await ctx.commit(cursor=seq)
