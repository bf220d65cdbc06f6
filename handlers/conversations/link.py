"""Give an account the conversations that its people take part in, and those that name it."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts.messages import FindAccounts, ResolveAccount
from needlework.handlers.conversations import store
from needlework.handlers.conversations.messages import ConversationLinked, LinkConversations
from needlework.handlers.needle_movers.messages import LATER, MeasureMovers

PAGE = 200
"""Participants that are looked at in one commit."""


class Progress(msgspec.Struct):
    """How far it is: among the domains and addresses, and in their order among the participants of one."""

    at: int = 0
    seq: int = 0
    linked: int = 0


@subscribe(LinkConversations, runner="content")
async def link(message: LinkConversations, ctx: Context) -> dict[str, int]:
    """Link those that state no account, a page at a time; what a person has linked stays.

    Whose they are is found as for a new conversation, so that nothing depends on what came in first.
    """
    done = Progress() if ctx.cursor is None else msgspec.convert(ctx.cursor, Progress)
    await _rename(ctx, message, done)
    named = [("of_domain", domain) for domain in message.domains] + [("of_email", email) for email in message.emails]
    while done.at < len(named):
        query, value = named[done.at]
        place = {"value": value, "seq": done.seq, "limit": PAGE}
        rows = await ctx.db.all(store.sql(query, workspace=ctx.workspace.id, **place))
        done.linked += await _link(ctx, {row["id"]: row["account_id"] for row in rows if row["free"]})
        done.at, done.seq = (done.at, rows[-1]["seq"]) if len(rows) == PAGE else (done.at + 1, 0)
        await ctx.commit(cursor=msgspec.to_builtins(done))
    if done.linked:  # there are more active accounts now, by which every impact is measured
        ctx.publish(MeasureMovers(), deliver_after=ctx.now + LATER)
    return {"linked": done.linked}


async def _rename(ctx: Context, message: LinkConversations, done: Progress) -> None:
    """Give those that name the account by its external id its id, a page in one commit."""
    if not message.named or await ctx.query(ResolveAccount(message.named)) != message.account_id:
        return
    rows = None
    while rows is None or len(rows) == PAGE:
        values = {"workspace": ctx.workspace.id, "named": message.named, "limit": PAGE}
        rows = await ctx.db.all(store.sql("named", **values))
        for row in rows:
            _give(ctx, row["id"], message.account_id, message.named)
        done.linked += len(rows)
        await ctx.commit(cursor=msgspec.to_builtins(done))


def _give(ctx: Context, conversation: str, account: str, before: str | None) -> None:
    values = {"workspace": ctx.workspace.id, "id": conversation, "account": account, "before": before}
    ctx.write(store.sql("link", 1, now=ctx.now, **values))
    ctx.publish(ConversationLinked(conversation_id=conversation, account_id=account, before=before))


async def _link(ctx: Context, before: dict[str, str | None]) -> int:
    """Collect the accounts of these conversations, and that they have one now; one that nobody tells stays."""
    values: dict[str, Any] = {"workspace": ctx.workspace.id, "ids": msgspec.json.encode(list(before)).decode()}
    people: dict[str, list[str]] = {id_: [] for id_ in before}
    for row in await ctx.db.all(store.sql("emails_of", **values)) if before else ():
        people[row["conversation_id"]].append(row["email"])
    owners = await ctx.query(FindAccounts(people=list(people.values())))
    found = [(id_, owner) for id_, owner in zip(people, owners, strict=True) if owner not in (None, before[id_])]
    for id_, owner in found:
        _give(ctx, id_, owner, before[id_])
    return len(found)
