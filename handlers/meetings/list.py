"""List and search meetings."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.meetings import store
from needlework.handlers.meetings.messages import ListMeetings, Meeting
from needlework.handlers.times import parse_time
from needlework.handlers.words import match_expression


@subscribe(ListMeetings, runner="content")
async def list_meetings(message: ListMeetings, ctx: Context) -> Page[Meeting]:
    """A page of meetings in the order of their start; one without a start stands where it was entered."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, store.meeting, "at", "seq")


def statement(message: ListMeetings, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    forward = message.order == "earliest"
    at, seq = read_cursor(message.cursor, *((store.EARLIEST, 0) if forward else (store.LATEST, store.LATEST)))
    start, end = parse_time(message.from_, "from"), parse_time(message.until, "until")
    match = match_expression(message.q)
    filters = {
        "filter_status": message.status,
        "filter_account": message.account_id,
        "filter_from": start,
        "filter_until": end,
        "filter_search": match,
    }
    values = {
        "workspace": workspace,
        "account": message.account_id,
        "status": message.status,
        "start": start,
        "end": end,
        "at": at,
        "seq": seq,
        "match": match,
        "limit": message.limit + 1,
    }
    name = "list_meetings_earliest" if forward else "list_meetings_latest"
    return filtered(store.sql, name, filters, values)
