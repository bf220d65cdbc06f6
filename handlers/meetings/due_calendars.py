"""Which calendars are to be fetched now."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.meetings import calendars
from needlework.handlers.meetings.calendar_messages import DueCalendars

PAGE = 500


@subscribe(DueCalendars, runner="content")
async def due(message: DueCalendars, ctx: Context) -> list[str]:
    """The first 500; the rest is due still when these are fetched."""
    values = {"workspace": ctx.workspace.id, "now": ctx.now, "limit": PAGE}
    return [row["id"] for row in await ctx.db.all(calendars.sql("due_sources", **values))]
