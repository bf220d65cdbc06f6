"""List contacts."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import Contact, ListContacts
from needlework.handlers.answers import Page, page_of, read_cursor
from needlework.handlers.words import like_pattern


@subscribe(ListContacts, runner="content")
async def list_contacts(message: ListContacts, ctx: Context) -> Page[Contact]:
    """A page of contacts, newest first."""
    (seq,) = read_cursor(message.cursor, store.LATEST)
    values = {"seq": seq, "like": like_pattern(message.q), "limit": message.limit + 1}
    rows = await ctx.db.all(
        store.sql("list_contacts", workspace=ctx.workspace.id, account=message.account_id, **values)
    )
    return page_of(rows, message.limit, store.contact, "seq")
