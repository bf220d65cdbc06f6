"""Suggested tasks of one conversation or note: what its labels say is to be done, and what they say no more."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.handlers.labels.messages import ContentType, LabelEvidence, LabelsOfContent
from needlework.handlers.tasks import store
from needlework.handlers.tasks.offers import Offer, offer
from needlework.handlers.tasks.titles import fault, outline, with_subject
from needlework.handlers.times import read_time

FAULT = "task_issue_bug"
SUGGESTING = {FAULT: "bug", "action_items": "follow_up", "follow_up_promised": "follow_up"}
"""Label -> type of the task that it suggests; of two at one place the first counts."""


async def suggest_from(ctx: Context, type_: ContentType, content: str) -> Counter[str]:
    """How many suggestions were created, added to, blocked, and withdrawn because nothing proves them any more."""
    labels: list[LabelEvidence] = await ctx.query(LabelsOfContent(content_type=type_, content_id=content))
    values = {"workspace": ctx.workspace.id, "type": type_, "content": content}
    known = {_place_of(row): row for row in await ctx.db.all(store.sql("evidence_of_content", **values))}
    suggesting = _one_a_place(labels)
    standing = {_place(label) for label in labels if label.label in SUGGESTING}
    counts = _withdraw(ctx, [row for place, row in known.items() if row["task_id"] and place not in standing])
    scene = await store.scene(ctx, type_, content) if suggesting else store.NOWHERE
    issue = _issue(scene, suggesting)
    collected = bool(counts)
    for label in suggesting:
        if label.evidence[0].message_id in scene.automatic and label.state != "confirmed":
            continue  # no person asks here; one who confirms it does
        if issue and label.label != FAULT and read_time(label.sent_at) == scene.started_at:
            continue  # a step to reproduce the fault: "1. Open the app."
        if collected:  # the next one looks at what is stored; what the last one collects goes with the end
            await ctx.commit()
        suggested = await offer(ctx, await _offer(ctx, label, scene, issue, known.get(_place(label))))
        counts[suggested.outcome] += 1
        collected = suggested.outcome != "unchanged"
    return counts


def _issue(scene: store.Scene, labels: Iterable[LabelEvidence]) -> str:
    """The title of an issue on GitHub whose opening reports a fault: all that is said of it there is one task."""
    opened = (each.label == FAULT and read_time(each.sent_at) == scene.started_at for each in labels)
    return scene.subject if scene.channel == "github" and any(opened) else ""


async def _offer(ctx: Context, label: LabelEvidence, scene: store.Scene, issue: str, known: store.Row | None) -> Offer:
    zone = await store.zone(ctx)
    said_at = datetime.fromtimestamp(read_time(label.sent_at) / SECOND, zone)
    quote = label.evidence[0].quote
    found = outline(quote, SUGGESTING[label.label], said_at, zone, scene.name_of(label.sender), scene.people)
    title = fault(issue) if issue and label.label == FAULT else with_subject(found.title, scene.subject)
    return Offer(
        title=title,
        source="content_label",
        body=quote,
        due_on=found.due_on.isoformat() if found.due_on else None,
        assignee=found.owner,
        account_id=label.account_id,
        content_label_id=label.id,
        confidence=label.score,
        provenance=label.provenance,
        model=label.model,
        label=label,
        known=known,
    )


def _place(label: LabelEvidence) -> tuple[str, int, str]:
    span = label.evidence[0]
    return span.message_id or "", span.start, span.quote


def _place_of(row: store.Row) -> tuple[str, int, str]:
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
