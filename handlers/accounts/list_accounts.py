"""List and search accounts."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import Account, ListAccounts
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.words import match_expression

ORDERS: dict[str, tuple[str, tuple[int | str, ...]]] = {
    "newest": ("list_accounts", (store.LATEST,)),
    "name": ("list_accounts_by_name", ("", 0)),
    "revenue": ("list_accounts_by_revenue", (store.LATEST, store.LATEST)),
}
"""The query of each order, and where it begins."""


@subscribe(ListAccounts, runner="content")
async def list_accounts(message: ListAccounts, ctx: Context) -> Page[Account]:
    """A page of accounts in the order that is asked for."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    place = ("seq",) if message.order == "newest" else ("at", "seq")
    return page_of(rows, message.limit, store.account, *place)


def statement(message: ListAccounts, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    name, start = ORDERS[message.order]
    *at, seq = read_cursor(message.cursor, *start)
    match = match_expression(message.q)
    values = {"workspace": workspace, "seq": seq, "match": match, "limit": message.limit + 1}
    if at:
        values["at"] = at[0]
    return filtered(store.sql, name, {"filter_account_search": match}, values)
