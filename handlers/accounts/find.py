"""Find the account that people belong to."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import FindAccount
from needlework.handlers.words import domain_of


@subscribe(FindAccount, runner="content")
async def find(message: FindAccount, ctx: Context) -> str | None:
    """By a contact's address first, then by an account's domain; in the order of the addresses."""
    workspace = ctx.workspace.id
    for email in message.emails:
        found = await ctx.db.value(store.sql("account_by_email", workspace=workspace, email=email))
        if found is not None:
            return str(found)
    for domain in dict.fromkeys(map(domain_of, message.emails)):
        found = await ctx.db.value(store.sql("account_by_domain", workspace=workspace, domain=domain))
        if found is not None:
            return str(found)
    return None
