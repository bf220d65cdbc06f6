"""One suggestion: a new task, more evidence for one that says (nearly) the same, or nothing."""

from typing import Any

import msgspec
import numpy as np
from needlework.bus.context import Context
from needlework.handlers.labels.messages import LabelEvidence
from needlework.handlers.tasks import store
from needlework.handlers.tasks.judging import judge_new
from needlework.handlers.tasks.messages import LabelTasks, Suggested
from needlework.handlers.tasks.owners import same_person
from needlework.handlers.tasks.titles import FIX, fingerprint
from needlework.handlers.times import read_time

FAULTS = frozenset({"task_issue_bug"})
"""Labels whose sentences say what is broken, not what is to be done."""
NEAR = 0.9
"""Cosine of two titles from which they are the same task."""
NEAR_FAULTS = 0.75
"""The same for two faults of one account: who reports one twice says it in other words."""
FIRST = 1
"""The revision of a task that was just made."""


class Offer(msgspec.Struct, kw_only=True):
    """What is suggested, by whom, and the label that proves it."""

    title: str
    source: str
    body: str = ""
    id: str | None = None
    due_on: str | None = None
    assignee: str | None = None
    account_id: str | None = None
    needle_mover_id: str | None = None
    content_label_id: str | None = None
    confidence: float = 0.8
    provenance: str = "rule"
    model: str = ""
    fingerprint: str | None = None
    label: LabelEvidence | None = None
    known: Any = None
    """The row of what the label's sentence suggested before."""


async def offer(ctx: Context, given: Offer) -> Suggested:
    """Collect the suggestion, nothing where it has no title. Commit before the next one: it looks at what is stored."""
    known, replaced = given.known, None
    if given.source == "needle_mover":
        replaced = await _of_sentence(ctx, known)
        if replaced is not None and (replaced["status"] != "suggested" or known["label_key"] not in FAULTS):
            return _add(ctx, replaced, given)
    elif known is not None and (
        known["task_id"] is not None or known["again_at"] is None or known["again_at"] > ctx.now
    ):
        return Suggested("unchanged" if known["task_id"] else "blocked", known["task_id"])
    if not given.title:
        return _keep_out(ctx, given, None)
    print_ = given.fingerprint or fingerprint(given.title, given.account_id, given.assignee)
    workspace = ctx.workspace.id
    twin = await ctx.db.one(store.sql("twin", workspace=workspace, fingerprint=print_))
    if twin is not None and twin["status"] == "dismissed":
        return _keep_out(ctx, given, None)
    until = await ctx.db.value(store.sql("blocked", workspace=workspace, fingerprint=print_, now=ctx.now))
    if twin is None and until is not None:
        return _keep_out(ctx, given, until)
    place, encoder = await store.vector(given.title)
    near = twin or await _near(ctx, given, place, encoder)
    if near is not None:
        return _add(ctx, near, given)
    if (
        given.source == "content_label" and given.label is not None and given.label.repeats
    ):  # its source says it too, and suggests it
        return _keep_out(ctx, given, None)
    if given.id is not None and await ctx.db.one(store.sql("find_task", workspace=workspace, id=given.id)) is not None:
        given = msgspec.structs.replace(given, id=None)  # that one has ended: this is another
    if replaced is not None:
        _replace(ctx, replaced)
    return await _create(ctx, given, print_, place, encoder)


async def _of_sentence(ctx: Context, known: store.Row | None) -> store.Row | None:
    """The living task that a needle mover's sentence has suggested by itself."""
    if known is None or known["task_id"] is None:
        return None
    task = await ctx.db.one(store.sql("find_task", workspace=ctx.workspace.id, id=known["task_id"]))
    return task if task is not None and task["status"] in store.LIVING else None


def _replace(ctx: Context, task: store.Row) -> None:
    """The suggestion of one sentence makes room for that of the needle mover it belongs to."""
    ctx.write(store.sql("close_merged", 1, workspace=ctx.workspace.id, now=ctx.now, id=task["id"]))
    ctx.tell("task.updated", task_id=task["id"], changed=["merged"])


async def _near(ctx: Context, given: Offer, place: bytes, encoder: str) -> store.Row | None:
    """The living task of the same account that says nearly the same, for the same person or for nobody."""
    values = {"workspace": ctx.workspace.id, "account": given.account_id, "encoder": encoder}
    rows = [
        row
        for row in await ctx.db.all(store.sql("living", **values))
        if given.assignee is None or row["assignee"] is None or same_person(row["assignee"], given.assignee)
    ]
    if not rows:
        return None
    others = np.frombuffer(b"".join(row["vector"] for row in rows), dtype=np.float32).reshape(len(rows), -1)
    cosines = others @ np.frombuffer(place, dtype=np.float32)
    if given.title.startswith(FIX):
        cosines = cosines + np.array([NEAR - NEAR_FAULTS if row["title"].startswith(FIX) else 0 for row in rows])
    best = int(np.argmax(cosines))
    return rows[best] if cosines[best] >= NEAR else None


def _keep_out(ctx: Context, given: Offer, until: int | None) -> Suggested:
    """Remember that it was looked at; for good where `until` is None."""
    if given.label is not None:
        _prove(ctx, given.label, None, until)
    return Suggested("blocked", None)


def _add(ctx: Context, row: store.Row, given: Offer) -> Suggested:
    values = {"id": row["id"], "confidence": given.confidence, "due_on": given.due_on, "mover": given.needle_mover_id}
    values["assignee"] = given.assignee
    ctx.write(store.sql("add_to_task", 1, workspace=ctx.workspace.id, now=ctx.now, **values))
    ctx.tell("task.updated", task_id=row["id"], changed=["evidence"], status=row["status"])
    if given.label is not None:
        _prove(ctx, given.label, row["id"], None)
        return Suggested("added", row["id"])
    return Suggested("unchanged" if given.content_label_id is None else "added", row["id"])


async def _create(ctx: Context, given: Offer, print_: str, place: bytes, encoder: str) -> Suggested:
    task = given.id or ctx.new_id("task")
    same = (
        "title", "body", "due_on", "assignee", "source", "content_label_id", "needle_mover_id", "account_id",
        "confidence", "provenance", "model",
    )  # fmt: skip
    values: dict[str, Any] = {name: getattr(given, name) for name in same}
    values |= {"id": task, "status": "suggested", "external_ref": None, "fingerprint": print_}
    rest = {"vector": place, "encoder": encoder, "said_in": _said_in(given)}
    ctx.write(store.sql("insert_task", 1, workspace=ctx.workspace.id, now=ctx.now, **values, **rest))
    if given.label is None:
        ctx.publish(LabelTasks(task_id=task))  # by what the labels' models say of its text: that takes its time
    else:
        _prove(ctx, given.label, task, None)
        await judge_new(ctx, {**values, "labelled_hash": "", "revision": FIRST}, _proof(given.label))
    ctx.tell("task.updated", task_id=task, changed=["created"], status="suggested")
    return Suggested("created", task)


def _said_in(given: Offer) -> str | None:
    """The conversation whose account is the task's."""
    label = given.label
    own = label is not None and label.content_type == "conversation" and label.account_id == given.account_id
    return label.content_id if own and label is not None else None


def _prove(ctx: Context, label: LabelEvidence, task: str | None, again_at: int | None) -> None:
    span = label.evidence[0]
    values: dict[str, Any] = {"id": ctx.new_id("taskev"), "task": task, "again_at": again_at, "label": label.id}
    values |= {"message_id": span.message_id or "", "start": span.start, "end": span.end, **_proof(label)}
    ctx.write(store.sql("put_evidence", workspace=ctx.workspace.id, now=ctx.now, **values))


def _proof(label: LabelEvidence) -> dict[str, Any]:
    """What a label proves a task by, as it is stored."""
    what = {"label_key": label.label, "content_type": label.content_type, "content_id": label.content_id}
    span = label.evidence[0]
    said = {"quote": span.quote, "sender": label.sender, "said_at": read_time(label.sent_at), "score": span.score}
    return {**what, **said}
