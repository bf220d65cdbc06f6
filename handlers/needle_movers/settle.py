"""What is outside has answered: the action that asked is executed or failed, with what was said."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Discard
from needlework.bus.subscriptions import subscribe
from needlework.handlers.github.messages import IssueSettled
from needlework.handlers.needle_movers import store
from needlework.handlers.slack.messages import SlackDelivered
from needlework.handlers.tasks.messages import ListTasks, UpdateTask


@subscribe(SlackDelivered, runner="needle_mover")
async def delivered(message: SlackDelivered, ctx: Context) -> None:
    """A message of ours stands in its channel, or could not; deliveries of other notes are no business of ours."""
    row = await _asked(ctx, message.note_id.replace("note_", "action_", 1), "post_slack")
    said = {"channel_id": message.channel_id, "slack_ts": message.ts, "error": message.error}
    said = {name: value for name, value in said.items() if value is not None}
    result = {name: value for name, value in msgspec.json.decode(row["result"]).items() if name != "error"}
    if message.note_version > 1 or row["status"] == "undone":
        _settle(ctx, row, row["status"], {**result, "withdrawal": {"status": message.status, **said}})
    else:
        _settle(ctx, row, "executed" if message.status == "sent" else "failed", {**result, **said})


@subscribe(IssueSettled, runner="needle_mover")
async def issue_settled(message: IssueSettled, ctx: Context) -> None:
    """The issue is there, or GitHub said why not. The living tasks of the mover follow it from now on."""
    row = await _asked(ctx, message.id, "open_github_issue")
    said = {"reference": message.reference, "url": message.url, "error": message.error}
    result = {name: value for name, value in said.items() if value is not None}
    _settle(ctx, row, "executed" if message.status == "opened" else "failed", result)
    if message.reference is not None:
        tasks = await ctx.query(ListTasks(needle_mover_id=row["needle_mover_id"]))
        for task in tasks.items:
            if task.external_ref is None and task.status in ("suggested", "open", "in_progress"):
                ctx.publish(UpdateTask(id=task.id, external_ref=message.reference))


async def _asked(ctx: Context, id_: str, type_: str) -> store.Row:
    row = await ctx.db.one(store.sql("find_action", workspace=ctx.workspace.id, id=id_))
    if row is None or row["type"] != type_:
        raise Discard("no_action_of_ours")
    return row


def _settle(ctx: Context, row: store.Row, status: str, result: dict[str, Any]) -> None:
    if (status, result) == (row["status"], msgspec.json.decode(row["result"])):
        raise Discard("known")
    store.settle(ctx, row, status, result, by=None)
    told = result.get("error") or result.get("reference") or result.get("channel_id") or ""
    ctx.audit(f"action.{status}", row["id"], f"{row['type']} of needle mover {row['needle_mover_id']}: {told}")
