"""Suggested tasks of one conversation or note: what its labels say is to be done, and what they say no more."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import msgspec
from anyio import to_thread
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.handlers.labels.messages import ContentType, LabelEvidence, LabelsOfContent
from needlework.handlers.tasks import store
from needlework.handlers.tasks.offers import Offer, offer
from needlework.handlers.tasks.parts import parts
from needlework.handlers.tasks.settling import FAULT, Circumstances, Item, settled
from needlework.handlers.tasks.titles import fault, fingerprint
from needlework.handlers.times import read_time

SUGGESTING = {FAULT: "bug", "action_items": "follow_up", "follow_up_promised": "follow_up"}
"""Label -> type of the task that it suggests; of two at one place the first counts."""
_Place = tuple[str, int, str]


async def suggest_from(ctx: Context, type_: ContentType, content: str) -> Counter[str]:
    """How many suggestions were created, added to, blocked, and withdrawn because nothing proves them any more."""
    labels: list[LabelEvidence] = await ctx.query(LabelsOfContent(content_type=type_, content_id=content))
    values = {"workspace": ctx.workspace.id, "type": type_, "content": content}
    known = {_place_of(row): row for row in await ctx.db.all(store.sql("evidence_of_content", **values))}
    items = await _items(ctx, type_, content, labels)
    standing = {_place(each) for each in labels if each.label in SUGGESTING} | {_place(each.label) for each in items}
    counts = _withdraw(ctx, [row for place, row in known.items() if row["task_id"] and place not in standing])
    collected = bool(counts)
    for item in items:
        if collected:  # the next one looks at what is stored; what the last one collects goes with the end
            await ctx.commit()
        row = known.get(_place(item.label))
        if not item.kept and row is not None and row["task_id"]:
            collected = await _close(ctx, row, content)
            continue
        suggested = await offer(ctx, _offer(item, row))
        counts[suggested.outcome] += 1
        collected = suggested.outcome != "unchanged"
    return counts


async def _items(ctx: Context, type_: ContentType, content: str, labels: Iterable[LabelEvidence]) -> list[Item]:
    """What the labels of a content say is to be done, each as what was said around it makes it."""
    suggesting = _one_a_place(labels)
    if not suggesting:
        return []
    scene, zone = await store.scene(ctx, type_, content), await store.zone(ctx)
    turns = await store.turns(ctx, type_, content, scene)
    # what was said later is read too, up to a megabyte: meanwhile the loop is everybody's
    return await to_thread.run_sync(_read, suggesting, Circumstances(turns, scene, zone))


def _read(suggesting: list[LabelEvidence], around: Circumstances) -> list[Item]:
    scene = around.scene
    issue = _issue(scene, suggesting)
    found: list[Item] = []
    for label in suggesting:
        if label.evidence[0].message_id in scene.automatic and label.state != "confirmed":
            continue  # no person asks here; one who confirms it does
        if issue and label.label != FAULT and read_time(label.sent_at) == scene.started_at:
            continue  # a step to reproduce the fault: "1. Open the app."
        found += _said(label, issue, around)
    return settled(sorted(found, key=lambda each: (each.turn.at if each.turn else -1, each.place)), around)


def _said(label: LabelEvidence, issue: str, around: Circumstances) -> list[Item]:
    """The tasks in a label's sentence: none, one, or several at places of their own."""
    span, scene = label.evidence[0], around.scene
    turn = around.turns.of(span.message_id)
    place = 0 if turn is None else turn.place(span.start)
    said_at = datetime.fromtimestamp(read_time(label.sent_at) / SECOND, around.zone)
    if issue and label.label == FAULT:
        return [Item(label, fault(issue), None, None, turn, place)]
    kind = SUGGESTING[label.label]
    found = parts(span.quote, kind, said_at, around.zone, scene.name_of(label.sender), scene.people)
    items: list[Item] = []
    for part in found:
        own = label
        if items:  # the first one stands for the whole sentence
            start, end = span.start + part.start, span.start + part.end
            own_span = msgspec.structs.replace(span, start=start, end=end, quote=span.quote[part.start : part.end])
            own = msgspec.structs.replace(label, evidence=[own_span])
        items.append(Item(own, *part.outline, turn, place, whose=part.whose))
    return items or [Item(label, "", None, None, turn, place)]


def _issue(scene: store.Scene, labels: Iterable[LabelEvidence]) -> str:
    """The title of an issue on GitHub whose opening reports a fault: all that is said of it there is one task."""
    opened = (each.label == FAULT and read_time(each.sent_at) == scene.started_at for each in labels)
    return scene.subject if scene.channel == "github" and any(opened) else ""


def _offer(item: Item, known: store.Row | None) -> Offer:
    label, title = item.label, item.title if item.kept else ""
    return Offer(
        title=title,
        source="content_label",
        body=label.evidence[0].quote,
        due_on=item.due_on.isoformat() if item.due_on else None,
        assignee=item.owner,
        account_id=label.account_id,
        content_label_id=label.id,
        confidence=label.score,
        provenance=label.provenance,
        model=label.model,
        fingerprint=fingerprint(title, label.account_id, item.first_owner) if item.first_owner != item.owner else None,
        label=label,
        known=known,
    )


async def _close(ctx: Context, row: store.Row, content: str) -> bool:
    """The suggestion of a request that was fulfilled in the conversation; whether it is closed by this."""
    task = await ctx.db.one(store.sql("find_task", workspace=ctx.workspace.id, id=row["task_id"]))
    if task is None or task["status"] != "suggested":
        return False
    values = {"workspace": ctx.workspace.id, "id": row["task_id"], "now": ctx.now, "content": content}
    ctx.write(store.sql("close_settled", **values))
    ctx.tell("task.updated", task_id=row["task_id"], changed=["status"])
    return True


def _place(label: LabelEvidence) -> _Place:
    span = label.evidence[0]
    return span.message_id or "", span.start, span.quote


def _place_of(row: store.Row) -> _Place:
    return row["message_id"], row["span_start"], row["quote"]


def _one_a_place(labels: Iterable[LabelEvidence]) -> list[LabelEvidence]:
    """What tasks are made from, one label a sentence."""
    rank = list(SUGGESTING)
    places: dict[tuple[str | None, int, int], LabelEvidence] = {}
    for label in labels:
        if label.label not in SUGGESTING:
            continue
        span = label.evidence[0]
        place = (span.message_id, span.start, span.end)
        if place not in places or rank.index(label.label) < rank.index(places[place].label):
            places[place] = label
    return list(places.values())


def _withdraw(ctx: Context, gone: list[store.Row]) -> Counter[str]:
    """Sentences that carry no such label any more prove nothing; a suggestion without proof is closed."""
    for row in gone:
        ctx.write(store.sql("drop_evidence", workspace=ctx.workspace.id, id=row["id"]))
    for task in sorted({row["task_id"] for row in gone}):
        ctx.write(store.sql("close_unproven", workspace=ctx.workspace.id, id=task, now=ctx.now))
        ctx.tell("task.updated", task_id=task, changed=["evidence"])
    return Counter({"withdrawn": len(gone)} if gone else {})
