"""Tasks: rows in, answers and statements out."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from anyio import to_thread
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries
from needlework.handlers.labels.messages import Span
from needlework.handlers.tasks.messages import Task, TaskEvidence, TaskHead, TaskLabel
from needlework.handlers.tasks.turns import Turns
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.times import show

sql = Queries(Path(__file__).with_name("queries.sql"))
Row = Any
LIVING = ("suggested", "open", "in_progress")
_ROLE = re.compile(
    r"(?:support|info|help|helpdesk|sales|team|hello|contact|office|service|billing|accounts|admin|no-?reply)(?:@|$)",
    re.IGNORECASE,
)
"""A mailbox that several people read."""
_ADDRESSED = ("name", "address", "email")
_TOLD = ("title", "body", "status", "assignee", "due_on", "account_id", "external_ref")


class Scene(NamedTuple):
    """What a label stands in: its subject, who takes part (no shared mailboxes), which messages no person wrote."""

    subject: str
    channel: str
    started_at: int
    people: list[str]
    """Names; addresses of people without."""
    names: dict[str, str]
    """By address."""
    automatic: frozenset[str]
    shared: frozenset[str] = frozenset()
    """Names of shared mailboxes."""

    def name_of(self, sender: str | None) -> str | None:
        """The name of who said something."""
        return None if sender is None else self.names.get(sender.lower(), sender)


NOWHERE = Scene("", "", 0, [], {}, frozenset())


async def existing(ctx: Context, id: str) -> Row:
    """Task `id`. Raises Refuse 404."""
    row = await ctx.db.one(sql("find_task", workspace=ctx.workspace.id, id=id))
    if row is None:
        raise Refuse(404, "not_found", f"no task {id!r} in this workspace")
    return row


async def scene(ctx: Context, type_: str, content: str) -> Scene:
    """The conversation or note, with the people of the one that it is about."""
    values = {"workspace": ctx.workspace.id, "type": type_, "content": content}
    row = await ctx.db.one(sql("scene_of", **values))
    if row is None:
        return NOWHERE
    took_part = [each for each in await ctx.db.all(sql("people_of", **values)) if each["name"]]
    shared = {each["name"] for each in took_part if any(_ROLE.match(each[key] or "") for key in _ADDRESSED)}
    people = dict.fromkeys(each["name"] for each in took_part if each["name"] not in shared)
    names = {key: each["name"] for each in took_part for key in (each["address"], each["email"]) if key}
    automatic = frozenset(msgspec.json.decode(row["automatic"]))
    return Scene(row["subject"], row["channel"], row["started_at"], list(people), names, automatic, frozenset(shared))


async def turns(ctx: Context, type_: str, content: str, scene: Scene) -> Turns:
    """What was said in a conversation, by whom; the text of a note. The newest thousands, of each its beginning."""
    values = {"workspace": ctx.workspace.id, "type": type_, "content": content}
    rows = await ctx.db.all(sql("turns_of", **values))
    return Turns([(row["id"], scene.name_of(row["sender"] or None), row["text"]) for row in reversed(rows)])


async def zone(ctx: Context) -> ZoneInfo:
    """The workspace's time zone."""
    return ZoneInfo((await ctx.bus.workspaces.config(ctx.workspace)).get("timezone", "UTC"))


async def today(ctx: Context) -> date:
    """The day it is in the workspace."""
    return datetime.fromtimestamp(ctx.now / SECOND, await zone(ctx)).date()


async def vector(title: str) -> tuple[bytes, str]:
    """The place of a title among others, float32, and the encoder that says so."""
    encoder = shared_encoder()
    encoded = await to_thread.run_sync(encoder.encode, [title])
    return encoded[0].tobytes(), encoder.id


async def answers(ctx: Context, rows: Sequence[Row]) -> list[TaskHead]:
    """Rows as a list shows them."""
    day, labels = (await today(ctx)).isoformat(), await _labels(ctx, [row["id"] for row in rows])
    return [TaskHead(**_head(row, day, labels.get(row["id"], {}))) for row in rows]


async def answer(ctx: Context, row: Row) -> Task:
    """A row with its text and evidence."""
    day, labels = (await today(ctx)).isoformat(), await _labels(ctx, [row["id"]])
    proof = await ctx.db.all(sql("evidence_of", workspace=ctx.workspace.id, id=row["id"]))
    return Task(
        **_head(row, day, labels.get(row["id"], {})),
        body=row["body"],
        closed_reason=row["closed_reason"],
        evidence=[_evidence(each) for each in proof],
    )


def change(ctx: Context, row: Row, **fields: Any) -> dict[str, Any]:
    """Collect what differs from `row`, and return the row as it will be; nothing where all is the same."""
    changed: dict[str, Any] = dict(row) | fields
    if all(changed[name] == row[name] for name in fields):
        return changed
    says = ("title", "body", "assignee", "due_on")
    if any(changed[name] != row[name] for name in says):
        changed["labelled_hash"] = ""
    if changed["due_on"] != row["due_on"]:
        changed["overdue_at"] = None
    changed |= {"updated_at": ctx.now, "revision": row["revision"] + 1}
    written = (
        "id", "title", "body", "status", "closed_reason", "assignee", "due_on", "overdue_at", "account_id",
        "external_ref", "fingerprint", "vector", "encoder", "labelled_hash",
    )  # fmt: skip
    values = {name: changed[name] for name in written}
    ctx.write(sql("update_task", 1, workspace=ctx.workspace.id, seen=row["revision"], now=ctx.now, **values))
    told = [name for name in fields if name in _TOLD and changed[name] != row[name]]
    ctx.tell("task.updated", task_id=row["id"], changed=sorted(told), status=changed["status"])
    return changed


def join(ctx: Context, gone: Row, into: str) -> None:
    """Collect that a suggestion becomes a part of another task, which takes what proves it."""
    values = {"workspace": ctx.workspace.id, "now": ctx.now}
    same = {"confidence": gone["confidence"], "due_on": gone["due_on"], "mover": gone["needle_mover_id"]}
    same["assignee"] = gone["assignee"]
    ctx.write(
        sql("move_evidence", id=gone["id"], into=into, **values),
        sql("add_to_task", id=into, **same, **values),
        sql("close_merged", 1, id=gone["id"], **values),
    )
    ctx.tell("task.updated", task_id=gone["id"], changed=["merged"], merged_into=into)


def json_list(values: Sequence[str]) -> str:
    """Values for `json_each`."""
    return msgspec.json.encode(values).decode()


async def _labels(ctx: Context, ids: list[str]) -> dict[str, dict[str, TaskLabel]]:
    rows = await ctx.db.all(sql("labels_of", workspace=ctx.workspace.id, ids=json_list(ids)))
    found: dict[str, dict[str, TaskLabel]] = {}
    for row in rows:
        found.setdefault(row["task_id"], {})[row["key"]] = TaskLabel(row["value"], row["score"], row["provenance"])
    return found


def _head(row: Mapping[str, Any] | Row, day: str, labels: dict[str, TaskLabel]) -> dict[str, Any]:
    same = (
        "id", "title", "status", "assignee", "due_on", "source", "content_label_id", "needle_mover_id", "account_id",
        "external_ref", "confidence", "provenance",
    )  # fmt: skip
    overdue = row["due_on"] is not None and row["due_on"] < day and row["status"] in LIVING
    times = {name: show(row[name]) or "" for name in ("created_at", "updated_at")}
    return {**{name: row[name] for name in same}, **times, "overdue": overdue, "labels": labels}


def _evidence(row: Row) -> TaskEvidence:
    span = Span(
        message_id=row["message_id"] or None,
        start=row["span_start"],
        end=row["span_end"],
        quote=row["quote"],
        score=row["score"],
    )
    same = ("content_label_id", "content_type", "content_id", "sender")
    said = show(row["said_at"]) or ""
    return TaskEvidence(**{name: row[name] for name in same}, label=row["label_key"], said_at=said, span=span)
