"""Take in accounts."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts import store
from needlework.handlers.accounts.messages import AccountInput, IngestAccount
from needlework.handlers.answers import Saved
from needlework.handlers.batches import save_one_or_all
from needlework.handlers.conversations.messages import LinkConversations
from needlework.handlers.needle_movers.messages import LATER, MeasureMovers
from needlework.handlers.times import parse_time
from needlework.handlers.words import plain_domain


@subscribe(IngestAccount, runner="content")
async def ingest(message: IngestAccount, ctx: Context) -> Saved | list[Saved]:
    """Save one account, or each of a list."""
    return await save_one_or_all(ctx, message, save, _keys)


def _keys(given: AccountInput) -> list[str]:
    return [key for key in (given.id, given.external_id, *map(plain_domain, given.domains)) if key]


async def save(ctx: Context, given: AccountInput) -> Saved:
    """Save one account; new domains bring it the conversations of their people."""
    row = await store.ACCOUNTS.find(ctx, given.id, given.external_id) or await _by_domain(ctx, given)
    domains, new = store.joined(row, "domains", map(plain_domain, given.domains))
    stated = {
        "external_id": given.external_id,
        "name": given.name,
        "domains": domains,
        "mrr": given.mrr,
        "plan": given.plan,
        "owner_id": given.owner_id,
        "status": given.status,
        "churned_at": parse_time(given.churned_at, "churned_at"),
    }
    saved = store.ACCOUNTS.save(ctx, row, given.id, stated)
    values = {"workspace": ctx.workspace.id, "account": saved.id, "now": ctx.now}
    for domain in new:
        ctx.write(store.sql("put_domain", id=ctx.new_id("dom"), domain=domain, **values))
    named = given.external_id if row is None or row["external_id"] is None else None
    emails = await _awaited(ctx, saved.id, named) if row is None or named else []
    if named:
        ctx.write(store.sql("name_account", workspace=ctx.workspace.id, external_id=named, now=ctx.now))
    if new or named or emails:
        ctx.publish(LinkConversations(account_id=saved.id, domains=new, emails=emails, named=named))
    before = (None, None) if row is None else (row["mrr"], row["churned_at"])
    if any(given is not None and given != known for given, known in zip(_worth(stated), before, strict=True)):
        ctx.publish(MeasureMovers(), deliver_after=ctx.now + LATER)
    return saved


async def _awaited(ctx: Context, account: str, external_id: str | None) -> list[str]:
    """The addresses of contacts that named an account before it was there."""
    values = {"workspace": ctx.workspace.id, "account": account, "external_id": external_id}
    rows = await ctx.db.all(store.sql("emails_of_account", **values))
    return [email for row in rows for email in msgspec.json.decode(row["emails"])]


def _worth(stated: dict[str, Any]) -> tuple[Any, Any]:
    """What every impact is measured by."""
    return stated["mrr"], stated["churned_at"]


async def _by_domain(ctx: Context, given: AccountInput) -> store.Row:
    """The one account that has the domains of an input without ids: tables often bring names and domains alone."""
    if given.id or given.external_id:
        return None
    found = set()
    for domain in map(plain_domain, given.domains):
        found.add(await ctx.db.value(store.sql("account_by_domain", workspace=ctx.workspace.id, domain=domain)))
    owners = found - {None}  # a domain that is new belongs to whoever has the others
    return await store.ACCOUNTS.find(ctx, owners.pop(), None) if len(owners) == 1 else None
