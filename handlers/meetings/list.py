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
    """A page of meetings in the order of their start; one without a start stands where it was entered."""
    forward = message.order == "earliest"
    at, seq = read_cursor(message.cursor, *((store.EARLIEST, 0) if forward else (store.LATEST, store.LATEST)))
    start, end = parse_time(message.from_, "from"), parse_time(message.until, "until")
    values = {
        "status": message.status,
        "start": start,
        "end": end,
        "at": at,
        "seq": seq,
        "like": like_pattern(message.q),
        "limit": message.limit + 1,
    }
    name = "list_meetings_earliest" if forward else "list_meetings_latest"
    rows = await ctx.db.all(store.sql(name, workspace=ctx.workspace.id, **values))
    return page_of(rows, message.limit, store.meeting, "at", "seq")
