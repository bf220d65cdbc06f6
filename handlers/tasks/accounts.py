"""A conversation has (another) account: so have the tasks that it proves."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import ConversationLinked
from needlework.handlers.notes.messages import NotesAbout
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import LabelTasks
from needlework.handlers.tasks.titles import fingerprint


@subscribe(ConversationLinked, runner="tasks")
async def linked(message: ConversationLinked, ctx: Context) -> dict[str, int]:
    """Those that had the account of before, or none; what a person has given to another account stays there."""
    return {"tasks": await give(ctx, message.conversation_id, message.account_id, message.before)}


async def give(ctx: Context, conversation: str, account: str, before: str | None) -> int:
    """Save the account of what came from a conversation and had the one of before; how many tasks that concerns.

    A suggestion that the account has already becomes a part of that one. Where the conversation only repeats what
    another customer asks for, it suggests the same for its own account.
    """
    notes = await ctx.query(NotesAbout(conversation_id=conversation))
    contents = {"contents": store.json_list([conversation, *notes])}
    rows = await ctx.db.all(store.sql("proven_by", workspace=ctx.workspace.id, **contents))
    own = [row for row in rows if row["own"] and row["account_id"] == before]
    for row in own:
        await _give(ctx, row, account)
        await ctx.commit()  # of two that say the same the second finds the first
    others = [row for row in rows if not row["own"] and row["account_id"] != account and _is_suggestion(row)]
    for row in others:
        ctx.write(store.sql("split_evidence", workspace=ctx.workspace.id, id=row["id"], **contents))
        ctx.write(store.sql("close_unproven", workspace=ctx.workspace.id, id=row["id"], now=ctx.now))
        ctx.tell("task.updated", task_id=row["id"], changed=["evidence"], status=row["status"])
    if others:
        ctx.publish(LabelTasks(content_type="conversation", content_id=conversation))
        for note in notes:
            ctx.publish(LabelTasks(content_type="note", content_id=note))
    return len(own) + len(others)


def _is_suggestion(row: store.Row) -> bool:
    """Whether it was made of what was said, and nobody has taken it on."""
    return bool(row["status"] == "suggested" and row["source"] == "content_label")


async def _give(ctx: Context, row: store.Row, account: str) -> None:
    new = _fingerprint(row, account)
    twin = None
    if new is not None:
        twin = await ctx.db.one(store.sql("living_twin", workspace=ctx.workspace.id, fingerprint=new, id=row["id"]))
    if twin is not None and row["status"] == "suggested":
        store.join(ctx, row, into=twin["id"])
    else:
        renamed: dict[str, Any] = {"fingerprint": new} if new is not None and twin is None else {}
        store.change(ctx, row, account_id=account, **renamed)


def _fingerprint(row: store.Row, account: str | None) -> str | None:
    """What the same suggestion is known by in the account; None for a task that is known by something else."""
    for owner in dict.fromkeys((row["assignee"], None)):
        if fingerprint(row["title"], row["account_id"], owner) == row["fingerprint"]:
            return fingerprint(row["title"], account, owner)
    return None
