"""The time of a scheduled follow-up has come: suggest the task, unless it was taken back or is settled."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Discard, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.action_messages import FollowUp
from needlework.handlers.tasks.messages import SuggestTask


@subscribe(FollowUp, runner="needle_mover")
async def follow_up(message: FollowUp, ctx: Context) -> None:
    """One task for each follow-up; the action's id is its fingerprint."""
    row = await ctx.db.one(store.sql("find_action", workspace=ctx.workspace.id, id=message.action_id))
    if row is None or row["status"] != "executed":
        raise Discard("undone")
    try:
        mover = await store.find_standing(ctx, row["needle_mover_id"])
    except Refuse as gone:
        raise Discard(gone.code) from gone
    if mover["status"] not in ("active", "in_progress"):
        raise Discard(mover["status"])
    params = msgspec.json.decode(row["params"])
    task = SuggestTask(
        title=params["title"],
        body=mover["summary_user"] or mover["summary_short"],
        needle_mover_id=mover["id"],
        fingerprint=message.action_id,
    )
    ctx.publish(task)
    ctx.audit("action.follow_up", message.action_id, params["title"])
