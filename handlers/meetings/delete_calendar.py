"""Read a calendar no more."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.meetings import calendars
from needlework.handlers.meetings.calendar_messages import DeleteCalendar, Removed


@subscribe(DeleteCalendar, runner="content")
async def delete_calendar(message: DeleteCalendar, ctx: Context) -> Removed:
    """Its events are gone, and its meetings that have not ended are cancelled."""
    row = await calendars.existing(ctx, message.id)
    known = await ctx.db.all(calendars.sql("known_events", workspace=ctx.workspace.id, connection=message.id))
    uids = [each["uid"] for each in known if each["status"] == "present"]
    calendars.remove(ctx, message.id, uids)
    ctx.write(calendars.sql("delete_source", 1, workspace=ctx.workspace.id, id=message.id))
    ctx.audit("calendar.deleted", message.id, f"{row['name']}, {len(uids)} events")
    return Removed(message.id, len(uids))
