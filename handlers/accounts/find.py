"""Find the accounts that people belong to."""

from collections.abc import Iterable

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import FindAccounts, ResolveAccount
from needlework.handlers.words import domain_of


@subscribe(FindAccounts, runner="content")
async def find(message: FindAccounts, ctx: Context) -> list[str | None]:
    """By a contact's address first, then by an account's domain; in the order of the addresses."""
    domains = {email: domain_of(email) for group in message.people for email in group}
    workspace = ctx.workspace.id
    rows = await ctx.db.all(store.sql("accounts_by_email", workspace=workspace, emails=_json(domains)))
    by_email = {row["email"]: row["account_id"] for row in rows}
    named = _json(filter(None, domains.values()))
    rows = await ctx.db.all(store.sql("accounts_by_domain", workspace=workspace, domains=named))
    by_domain = {row["domain"]: row["account_id"] for row in rows}
    found = []
    for group in message.people:
        owners = [*map(by_email.get, group), *(by_domain.get(domains[email]) for email in group)]
        found.append(next(filter(None, owners), None))
    return found


@subscribe(ResolveAccount, runner="content")
async def resolve(message: ResolveAccount, ctx: Context) -> str:
    """By its id first, then by its external id; an unknown one may come later, and keeps what it is named by."""
    return await store.account_named(ctx, message.account_id)


def _json(values: Iterable[str]) -> str:
    return msgspec.json.encode(list(dict.fromkeys(values))).decode()
