"""List and search accounts."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import Account, ListAccounts
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.words import match_expression


@subscribe(ListAccounts, runner="content")
async def list_accounts(message: ListAccounts, ctx: Context) -> Page[Account]:
    """A page of accounts, newest first."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, store.account, "seq")


def statement(message: ListAccounts, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    (seq,) = read_cursor(message.cursor, store.LATEST)
    match = match_expression(message.q)
    values = {"workspace": workspace, "seq": seq, "match": match, "limit": message.limit + 1}
    return filtered(store.sql, "list_accounts", {"filter_account_search": match}, values)
