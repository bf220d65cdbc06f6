"""Do an action, and take it back: each type is a message of the group that owns what it makes."""

from collections.abc import Callable
from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.handlers.github.messages import OpenIssue
from needlework.handlers.needle_movers.action_messages import FollowUp
from needlework.handlers.needle_movers.messages import MergeNeedleMovers
from needlework.handlers.notes.messages import IngestNote, UpdateNote
from needlework.handlers.slack.messages import PostToSlack
from needlework.handlers.tasks.messages import DismissTask, ListTasks, ReadTask, SuggestTask, Task
from needlework.handlers.times import DAY
from needlework.handlers.words import content_hash

Params = dict[str, Any]
Result = dict[str, Any]
AUTHOR = "needle movers"
WITHDRAWN = "(withdrawn)"
OUTSIDE = ("post_slack", "open_github_issue")
"""What ends with the answer of somebody outside (`settle.py`)."""


def begun(type_: str) -> str:
    """What an action is once its messages are collected: done, or `approved` until what is outside has answered."""
    return "approved" if type_ in OUTSIDE else "executed"


def execute(ctx: Context, action: str, mover: str, type_: str, params: Params) -> Result:
    """Collect the messages that do it; what they make."""
    return _DO[type_](ctx, action, mover, params)


async def take_back(ctx: Context, mover: str, type_: str, target: str, result: Result) -> None:
    """Collect the messages that undo what a reversible action did."""
    if type_ == "post_slack":
        _withdraw(ctx, result["note_id"], target)
    elif type_ == "create_task":
        await _dismiss(ctx, mover, result)
    elif type_ == "draft_reply":
        ctx.publish(UpdateNote(id=result["note_id"], title=WITHDRAWN, body_md="", author=AUTHOR))
    # a follow-up looks at its action when its time comes, and lets it be


def _suggest(ctx: Context, action: str, mover: str, params: Params) -> Result:
    """One task a mover, whatever evidence comes later: more of it is added to the suggestion that is there."""
    name = content_hash(mover, "task")[:26]
    task = f"task_{name}"
    given = {each: params[each] for each in ("title", "body", "account_id", "content_label_id")}
    ctx.publish(SuggestTask(id=task, needle_mover_id=mover, fingerprint=name, **given))
    return {"task_id": task}


async def _dismiss(ctx: Context, mover: str, result: Result) -> None:
    """A task that said the same before was only added to, and stays; where one had ended, another was suggested."""
    try:
        task: Task = await ctx.query(ReadTask(id=result["task_id"]))
    except Refuse:
        return
    if task.status not in ("done", "dismissed"):
        ctx.publish(DismissTask(id=task.id))
        return
    asked = ListTasks(needle_mover_id=mover, source="needle_mover", status="suggested")
    for each in (await ctx.query(asked)).items:
        ctx.publish(DismissTask(id=each.id))


def _note(ctx: Context, action: str, mover: str, params: Params) -> Result:
    note = action.replace("action_", "note_", 1)
    given = {"title": params["title"], "body_md": params["body"], "conversation_id": params.get("conversation_id")}
    ctx.publish(IngestNote(id=note, kind="service_result", author=AUTHOR, **given))
    return {"note_id": note}


def _post(ctx: Context, action: str, mover: str, params: Params) -> Result:
    """The note is what was said; the delivery says it."""
    result = _note(ctx, action, mover, params)
    said = {"title": params["title"], "body_md": params["body"], "channel_id": params["channel"]}
    ctx.publish(PostToSlack(note_id=result["note_id"], note_version=1, **said))
    return result


def _withdraw(ctx: Context, note: str, channel: str) -> None:
    """Edit what was posted; where nothing was, nothing is any more."""
    ctx.publish(UpdateNote(id=note, title=WITHDRAWN, body_md="", author=AUTHOR))
    said: dict[str, Any] = {"title": WITHDRAWN, "body_md": "A person has taken this message back."}
    ctx.publish(PostToSlack(note_id=note, note_version=2, channel_id=channel, edit_only=True, **said))


def _open(ctx: Context, action: str, mover: str, params: Params) -> Result:
    ctx.publish(OpenIssue(id=action, **{name: params[name] for name in ("repository", "title", "body")}))
    return {}


def _schedule(ctx: Context, action: str, mover: str, params: Params) -> Result:
    ctx.publish(FollowUp(action_id=action), deliver_after=ctx.now + params["days"] * DAY)
    return {"in_days": params["days"]}


def _merge(ctx: Context, action: str, mover: str, params: Params) -> Result:
    ctx.publish(MergeNeedleMovers(id=mover, into=params["into"]))
    return {"into": params["into"]}


_DO: dict[str, Callable[[Context, str, str, Params], Result]] = {
    "create_task": _suggest,
    "draft_reply": _note,
    "schedule_follow_up": _schedule,
    "notify_owner": _note,
    "merge": _merge,
    "open_github_issue": _open,
    "post_slack": _post,
}
