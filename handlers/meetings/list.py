"""List meetings."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, page_of, read_cursor
from needlework.handlers.meetings import store
from needlework.handlers.meetings.messages import ListMeetings, Meeting
from needlework.handlers.times import parse_time
from needlework.handlers.words import like_pattern


@subscribe(ListMeetings, runner="content")
async def list_meetings(message: ListMeetings, ctx: Context) -> Page[Meeting]:
    """A page of meetings, newest first."""
    (seq,) = read_cursor(message.cursor, store.LATEST)
    start, end = parse_time(message.from_, "from"), parse_time(message.until, "until")
    values = {
        "status": message.status,
        "start": start,
        "end": end,
        "seq": seq,
        "like": like_pattern(message.q),
        "limit": message.limit + 1,
    }
    rows = await ctx.db.all(store.sql("list_meetings", workspace=ctx.workspace.id, **values))
    return page_of(rows, message.limit, store.meeting, "seq")
