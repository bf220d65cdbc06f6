"""Labels: rows in, statements out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import FieldError, Refuse
from needlework.bus.sql import Queries
from needlework.bus.topicfile import nearest
from needlework.handlers.labels.analyser import Evidence, LabelResult
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY, LabelDefinition
from needlework.handlers.labels.messages import ContentLabel, ContentType, LabelDefinitionSummary, Span
from needlework.handlers.needle_movers.messages import NeedleMoverCandidate
from needlework.handlers.tasks.messages import LabelTasks
from needlework.handlers.times import show

sql = Queries(Path(__file__).with_name("queries.sql"))
Row = Any
TASK_LABELS = {"action_items", "task_issue_bug", "follow_up_promised"}
"""What tasks are made from."""


class Content(NamedTuple):
    """What was analysed: a conversation up to a revision, or a version of a note."""

    type: ContentType
    id: str
    version: int


class Change(NamedTuple):
    """What an analysis changes: labels that are new, and rows that are history now."""

    added: list[tuple[LabelResult, Evidence]]
    removed: list[Row]


async def definitions(ctx: Context) -> dict[str, LabelDefinition]:
    """The definitions in force: the built-in ones, with what this workspace changed and added."""
    rows = await ctx.db.all(sql("definitions", workspace=ctx.workspace.id))
    own = [msgspec.json.decode(row["definition"], type=LabelDefinition) for row in rows]
    return {**DEFAULTS_BY_KEY, **{definition.key: definition for definition in own}}


async def chosen(ctx: Context, keys: Sequence[str]) -> list[LabelDefinition]:
    """The enabled definitions with these keys, all for none. Raises Refuse 422 naming an unknown one."""
    known = await definitions(ctx)
    unknown = [key for key in keys if key not in known]
    if unknown:
        problem = f"no label {unknown[0]!r}{nearest(unknown[0], known)}"
        raise Refuse(422, "unknown_label", problem, errors=[FieldError("labels", problem, ", ".join(known))])
    return [each for each in known.values() if each.enabled and (not keys or each.key in keys)]


def put_definition(ctx: Context, changed: LabelDefinition, seen: int) -> LabelDefinition:
    """Collect a definition as a new version, and return it; the guard sees where another has changed it meanwhile."""
    saved = msgspec.structs.replace(changed, version=seen + 1)
    values = {"key": saved.key, "version": saved.version, "seen_version": seen, "now": ctx.now}
    text = msgspec.json.encode(saved).decode()
    ctx.write(sql("put_definition", 1, id=ctx.new_id("ldef"), workspace=ctx.workspace.id, definition=text, **values))
    return saved


async def redefined(ctx: Context) -> dict[str, int]:
    """When this workspace last changed each definition that it has changed."""
    rows = await ctx.db.all(sql("definitions", workspace=ctx.workspace.id))
    return {row["label_key"]: row["updated_at"] for row in rows}


def compare(rows: Sequence[Row], results: Sequence[LabelResult]) -> Change:
    """What must change so that the machine's rows say what `results` say.

    A label that is found again as it was keeps its row, so that what points at it stays true. Where a person
    confirmed or rejected a label, the machine has no say.
    """
    found = {
        (result.label, evidence.message_id or "", evidence.start, evidence.end): (result, evidence)
        for result in results
        if result.present
        for evidence in result.evidence
    }
    decided, removed = set(), []
    for row in rows:
        place = (row["label_key"], row["message_id"], row["span_start"], row["span_end"])
        if row["state"] != "machine" or (place in found and _same(row, *found[place])):
            decided.add(place)
        else:
            removed.append(row)
    return Change([pair for place, pair in found.items() if place not in decided], removed)


def _same(row: Row, result: LabelResult, evidence: Evidence) -> bool:
    return bool(
        row["quote"] == evidence.quote
        and row["definition_version"] == result.definition_version
        and row["model"] == result.model
        and row["provenance"] == result.provenance
        and abs(row["score"] - evidence.score) < 1e-4
    )


def save(ctx: Context, content: Content, change: Change, input_hash: str) -> None:
    """Collect the change: superseded first, so that a new row may take the place of an old one."""
    workspace, now = ctx.workspace.id, ctx.now
    for row in change.removed:
        ctx.write(sql("supersede", workspace=workspace, id=row["id"], now=now))
    created: list[tuple[str, str]] = []
    for result, evidence in change.added:
        values = {"type": content.type, "content": content.id, "content_version": content.version}
        values |= {"label": result.label, "definition_version": result.definition_version}
        values |= {"provenance": result.provenance, "model": result.model, "input_hash": input_hash}
        values |= {"message_id": evidence.message_id or "", "start": evidence.start, "end": evidence.end}
        values |= {"quote": evidence.quote, "score": min(1.0, max(0.0, evidence.score))}
        created.append((ctx.new_id("label"), result.label))
        values |= {"id": created[-1][0], "run": ctx.delivery_id}
        ctx.write(sql("insert_label", 1, workspace=workspace, now=now, **values))
    tell(ctx, "created", content.type, content.id, created)
    tell(ctx, "removed", content.type, content.id, [(row["id"], row["label_key"]) for row in change.removed])


def tell(ctx: Context, what: str, type_: ContentType, id_: str, labels: Sequence[tuple[str, str]]) -> None:
    """Collect the event that labels (id, key) of one content came, or went: one for all of a commit."""
    if labels:
        named = [{"content_label_id": label, "label": key} for label, key in labels]
        ctx.tell(f"content_label.{what}", content_type=type_, content_id=id_, labels=named)


def hand_on(ctx: Context, content: Content, change: Change, told: set[str]) -> None:
    """Collect what follows from labels that came or went: matching with needle movers, and tasks.

    `told` are all labels of a conversation in which more was said: a "sure, will do" has none, and somebody's task.
    """
    keys = {result.label for result, _ in change.added} | {row["label_key"] for row in change.removed}
    changed_labels(ctx, content.type, content.id, keys, version=content.version)
    if told & TASK_LABELS and not keys & TASK_LABELS:
        ctx.publish(LabelTasks(content_type=content.type, content_id=content.id))


def changed_labels(ctx: Context, type_: ContentType, id_: str, keys: set[str], *, version: int | None = None) -> None:
    """Collect what follows where labels with these keys changed."""
    if keys:
        named = None if version is None else f"v{version}"
        ctx.publish(NeedleMoverCandidate(entity_type=type_, entity_id=id_, version=named))
    if keys & TASK_LABELS:
        ctx.publish(LabelTasks(content_type=type_, content_id=id_))


def mark(ctx: Context, content: Content, last_message: str | None) -> None:
    """Collect the mark that the analysis covers `content`; its guard sees where the content is gone."""
    values = {
        "workspace": ctx.workspace.id,
        "content": content.id,
        "version": content.version,
        "now": ctx.now,
    }
    if content.type == "conversation":
        ctx.write(sql("mark_conversation", 1, message_id=last_message, **values))
    else:
        ctx.write(sql("mark_note", 1, **values))


def definition_summary(definition: LabelDefinition) -> LabelDefinitionSummary:
    """A definition as the API shows it."""
    shown = LabelDefinitionSummary.__struct_fields__
    return LabelDefinitionSummary(**{name: getattr(definition, name) for name in shown})


def content_label(row: Row) -> ContentLabel:
    """A row as the API shows it."""
    span = Span(
        message_id=row["message_id"] or None,
        start=row["span_start"],
        end=row["span_end"],
        quote=row["quote"],
        score=row["score"],
    )
    same = ("id", "content_type", "content_id", "score", "provenance", "model", "definition_version", "state")
    return ContentLabel(
        **{name: row[name] for name in same},
        label=row["label_key"],
        content_version=f"v{row['content_version']}",
        evidence=[span],
        created_at=show(row["created_at"]) or "",
        updated_at=show(row["updated_at"]) or "",
    )
