"""List and search contacts."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import Contact, ListContacts
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.words import match_expression


@subscribe(ListContacts, runner="content")
async def list_contacts(message: ListContacts, ctx: Context) -> Page[Contact]:
    """A page of contacts, newest first."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, store.contact, "seq")


def statement(message: ListContacts, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    (seq,) = read_cursor(message.cursor, store.LATEST)
    match = match_expression(message.q)
    filters = {"filter_account": message.account_id, "filter_contact_search": match}
    values = {
        "workspace": workspace,
        "account": message.account_id,
        "seq": seq,
        "match": match,
        "limit": message.limit + 1,
    }
    return filtered(store.sql, "list_contacts", filters, values)
