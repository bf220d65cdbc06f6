"""Give an account the conversations that its people take part in."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts.messages import FindAccounts
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
    """Link those without an account, a page at a time; what a person or an earlier account has linked stays.

    Whose they are is found as for a new conversation, so that nothing depends on what came in first.
    """
    done = Progress() if ctx.cursor is None else msgspec.convert(ctx.cursor, Progress)
    named = [("of_domain", domain) for domain in message.domains] + [("of_email", email) for email in message.emails]
    while done.at < len(named):
        query, value = named[done.at]
        place = {"value": value, "seq": done.seq, "limit": PAGE}
        rows = await ctx.db.all(store.sql(query, workspace=ctx.workspace.id, **place))
        done.linked += await _link(ctx, [row["id"] for row in rows if row["free"]])
        done.at, done.seq = (done.at, rows[-1]["seq"]) if len(rows) == PAGE else (done.at + 1, 0)
        await ctx.commit(cursor=msgspec.to_builtins(done))
    if done.linked:  # there are more active accounts now, by which every impact is measured
        ctx.publish(MeasureMovers(), deliver_after=ctx.now + LATER)
    return {"linked": done.linked}


async def _link(ctx: Context, ids: list[str]) -> int:
    """Collect the accounts of these conversations, and that they have one now."""
    values: dict[str, Any] = {"workspace": ctx.workspace.id, "ids": msgspec.json.encode(ids).decode()}
    people: dict[str, list[str]] = {id_: [] for id_ in ids}
    for row in await ctx.db.all(store.sql("emails_of", **values)) if ids else ():
        people[row["conversation_id"]].append(row["email"])
    owners = await ctx.query(FindAccounts(people=list(people.values())))
    found = [(id_, owner) for id_, owner in zip(people, owners, strict=True) if owner is not None]
    for id_, owner in found:
        ctx.write(store.sql("link", 1, workspace=ctx.workspace.id, id=id_, account=owner, now=ctx.now))
        ctx.publish(ConversationLinked(conversation_id=id_, account_id=owner))
    return len(found)
