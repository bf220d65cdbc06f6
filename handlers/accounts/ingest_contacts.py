"""Take in contacts."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import ContactInput, IngestContact
from needlework.handlers.answers import Saved
from needlework.handlers.batches import save_one_or_all
from needlework.handlers.conversations.messages import LinkConversations
from needlework.handlers.people import mail_address
from needlework.handlers.times import parse_time


@subscribe(IngestContact, runner="content")
async def ingest(message: IngestContact, ctx: Context) -> Saved | list[Saved]:
    """Save one contact, or each of a list."""
    return await save_one_or_all(ctx, message, save, _keys)


def _keys(given: ContactInput) -> list[str]:
    named = [key for key in (given.id, given.external_id) if key]
    return named + list(map(mail_address, given.emails))


async def save(ctx: Context, given: ContactInput) -> Saved:
    """Save one contact, known by id, external id or any of its addresses."""
    row = await store.CONTACTS.find(ctx, given.id, given.external_id)
    if row is None and given.id is None:
        row = await _by_email(ctx, given)
    emails, new = store.joined(row, "emails", map(mail_address, given.emails))
    account = given.account_id and await store.account_named(ctx, given.account_id)
    stated = {
        "external_id": given.external_id,
        "account_id": account,
        "emails": emails,
        "name": given.name,
        "status": given.status,
        "last_seen_at": parse_time(given.last_seen_at, "last_seen_at"),
    }
    saved = store.CONTACTS.save(ctx, row, given.id, stated)
    values = {"workspace": ctx.workspace.id, "contact": saved.id, "now": ctx.now}
    for email in new:
        ctx.write(store.sql("put_email", id=ctx.new_id("mail"), email=email, **values))
    if account:  # it may have come meanwhile
        ctx.write(store.sql("name_account", workspace=ctx.workspace.id, external_id=account, now=ctx.now))
    account = account or (row and row["account_id"])
    moved = row is None or account != row["account_id"]
    reached = msgspec.json.decode(emails) if moved else new
    if account and reached:
        ctx.publish(LinkConversations(account_id=account, emails=reached))
    return saved


async def _by_email(ctx: Context, given: ContactInput) -> store.Row | None:
    """The contact with one of the addresses, unless it is another one by its external id."""
    for email in given.emails:
        values = {"workspace": ctx.workspace.id, "email": mail_address(email)}
        row = await ctx.db.one(store.sql("find_contact_by_email", **values))
        if row is not None and (given.external_id is None or row["external_id"] in (None, given.external_id)):
            return row
    return None
