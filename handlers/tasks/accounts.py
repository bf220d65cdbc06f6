"""A conversation has (another) account: so have the tasks that it proves."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import ConversationLinked
from needlework.handlers.notes.messages import NotesAbout
from needlework.handlers.tasks import store
from needlework.handlers.tasks.titles import fingerprint


@subscribe(ConversationLinked, runner="tasks")
async def linked(message: ConversationLinked, ctx: Context) -> dict[str, int]:
    """Those that had the account of before, or none; what a person has given to another account stays there."""
    return {"tasks": await give(ctx, message.conversation_id, message.account_id, message.before)}


async def give(ctx: Context, conversation: str, account: str, before: str | None) -> int:
    """Save the account of what a conversation proves and that had the one of before; how many tasks these are.

    A suggestion that the account has already becomes a part of that one.
    """
    notes = await ctx.query(NotesAbout(conversation_id=conversation))
    values = {"contents": store.json_list([conversation, *notes]), "before": before}
    rows = await ctx.db.all(store.sql("proven_by", workspace=ctx.workspace.id, **values))
    for row in rows:
        new = _fingerprint(row, account)
        twin = None
        if new is not None:
            twin = await ctx.db.one(store.sql("living_twin", workspace=ctx.workspace.id, fingerprint=new, id=row["id"]))
        if twin is not None and row["status"] == "suggested":
            store.join(ctx, row, into=twin["id"])
        else:
            renamed: dict[str, Any] = {"fingerprint": new} if new is not None and twin is None else {}
            store.change(ctx, row, account_id=account, **renamed)
        await ctx.commit()  # of two that say the same the second finds the first
    return len(rows)


def _fingerprint(row: store.Row, account: str | None) -> str | None:
    """What the same suggestion is known by in the account; None for a task that is known by something else."""
    for owner in dict.fromkeys((row["assignee"], None)):
        if fingerprint(row["title"], row["account_id"], owner) == row["fingerprint"]:
            return fingerprint(row["title"], account, owner)
    return None
