"""List accounts."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import Account, ListAccounts
from needlework.handlers.answers import Page, page_of, read_cursor
from needlework.handlers.words import like_pattern


@subscribe(ListAccounts, runner="content")
async def list_accounts(message: ListAccounts, ctx: Context) -> Page[Account]:
    """A page of accounts, newest first."""
    (seq,) = read_cursor(message.cursor, store.LATEST)
    values = {"seq": seq, "like": like_pattern(message.q), "limit": message.limit + 1}
    rows = await ctx.db.all(store.sql("list_accounts", workspace=ctx.workspace.id, **values))
    return page_of(rows, message.limit, store.account, "seq")
