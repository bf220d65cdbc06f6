"""List needle movers, the greatest impact first."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.messages import ListNeedleMovers, NeedleMover
from needlework.handlers.words import match_expression


@subscribe(ListNeedleMovers, runner="content")
async def list_movers(message: ListNeedleMovers, ctx: Context) -> Page[NeedleMover]:
    """A page of the needle movers that match every filter given."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, store.mover, "rank", "seq")


def statement(message: ListNeedleMovers, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    rank, seq = read_cursor(message.cursor, store.GREATEST, store.GREATEST)
    match = match_expression(message.q)
    filters = {
        "filter_status": message.status,
        "filter_unmerged": None if message.status == "merged" else True,
        "filter_kind": message.kind,
        "filter_owner": message.owner_id,
        "filter_account": message.account_id,
        "filter_search": match,
    }
    values = {
        "workspace": workspace,
        "status": message.status,
        "kind": message.kind,
        "owner": message.owner_id,
        "account": message.account_id,
        "match": match,
        "rank": rank,
        "seq": seq,
        "limit": message.limit + 1,
    }
    return filtered(store.sql, "list_movers", filters, values)
