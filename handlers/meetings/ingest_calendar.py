"""Take in calendars."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.meetings import calendars
from needlework.handlers.meetings.calendar_messages import (
    CalendarInput,
    IngestCalendar,
    SavedCalendar,
    SyncCalendar,
)
from needlework.handlers.words import clean


@subscribe(IngestCalendar, runner="content")
async def ingest(message: IngestCalendar, ctx: Context) -> SavedCalendar | list[SavedCalendar]:
    """Save one calendar, or each of a list."""
    if message.items is None:
        return await save(ctx, message)
    saved = []
    for given in message.items:  # each in a commit of its own: two of one name follow each other
        saved.append(await save(ctx, given))
        await ctx.commit()
    return saved


async def save(ctx: Context, given: CalendarInput) -> SavedCalendar:
    """Save one calendar: its text now, or its address to be fetched soon."""
    name = clean(given.name or "").strip()
    row = await ctx.db.one(calendars.sql("find_source_by_name", workspace=ctx.workspace.id, name=name))
    source = ctx.new_id("cal") if row is None else str(row["id"])
    due = ctx.now + calendars.EVERY if given.url else None
    if row is None:
        values = {"name": name, "url": given.url, "next_sync_at": due}
        values["status"] = "pending" if given.url else "active"
        ctx.write(calendars.sql("insert_source", 1, id=source, workspace=ctx.workspace.id, now=ctx.now, **values))
    elif row["url"] != given.url:
        fresh = {"url": given.url, "status": "pending" if given.url else "active", "next_sync_at": due}
        nothing = {"error": None, "etag": None, "modified": None}
        calendars.write_state(ctx, source, {**calendars.state(row), **fresh, **nothing})
    if given.text is None:
        ctx.publish(SyncCalendar(id=source))
        return SavedCalendar(id=source, created=row is None, unchanged=row is not None and row["url"] == given.url)
    change = await calendars.save_events(ctx, source, clean(given.text))
    same = row is not None and row["url"] is None and not (change.changed or change.removed)
    return SavedCalendar(id=source, created=row is None, unchanged=same, **change._asdict())
