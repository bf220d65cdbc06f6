"""What kind of task it is: type, priority, area and who could own it, by rules and the labels' models."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.handlers.labels.messages import LabelAnalysis, PreviewLabels
from needlework.handlers.tasks import store
from needlework.handlers.tasks.owners import owner_in
from needlework.handlers.tasks.titles import LONGEST, outline
from needlework.handlers.words import content_hash

TYPES = {"task_issue_bug": "bug", "feature_request": "feature", "question": "question"}
"""Label -> type, the first that holds; everything else is a follow-up."""
SOON_DAYS = 2

_URGENT = re.compile(
    r"\b(?:urgent(?:ly)?|asap|as soon as possible|immediately|critical|blocker|blocking|blocked|right away|"
    r"production (?:is )?down|outage|escalat\w+|data loss|security|p0|p1|sev ?1|cannot work|can't work)\b",
    re.IGNORECASE,
)
_RELAXED = re.compile(
    r"\b(?:no rush|no hurry|not urgent|when(?:ever)? you have (?:time|a moment)|at some point|some day|someday|"
    r"nice to have|eventually|low priority|if you get (?:a chance|around to it))\b",
    re.IGNORECASE,
)
_AREAS = {
    "billing": r"invoices?|billing|payments?|refunds?|charges?|charged|credit|pric(?:e|es|ing)|quotes?|discounts?",
    "contract": r"contracts?|renewals?|renew|agreements?|terms|nda|legal|licen[cs]es?|subscriptions?|cancellation",
    "access": r"log ?ins?|sign ?in|passwords?|sso|saml|permissions?|access|invit\w+|two-factor|2fa|locked out|roles?",
    "data": r"exports?|imports?|csv|reports?|reporting|dashboards?|charts?|data|backups?|migrat\w+|spreadsheets?",
    "integrations": r"integrations?|api|webhooks?|sync|slack|salesforce|hubspot|jira|calendar|connectors?|plugins?",
    "performance": r"slow|slower|performance|latency|timeouts?|time-?outs?|memory|hangs?|freezes?|loading",
    "interface": r"buttons?|page|pages|screen|menu|layout|design|ui|mobile|app|dark mode|fonts?|colou?rs?|browser",
    "documentation": r"docs?|documentation|guides?|manual|tutorials?|release notes|help (?:page|article)s?|faq|readme",
    "meetings": r"meetings?|calls?|agenda|minutes|demo|presentation|workshop|appointments?|schedule|reschedule|invite",
}
_AREA_PATTERNS = {area: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for area, words in _AREAS.items()}


class Judgement(NamedTuple):
    """One label of a task."""

    key: str
    value: str
    score: float
    provenance: str
    model: str


async def judge(ctx: Context, row: store.Row) -> bool:
    """Collect the labels of a task; whether anything was written."""
    proof = await ctx.db.all(store.sql("evidence_of", workspace=ctx.workspace.id, id=row["id"]))
    return await _judge(ctx, row, proof, await _owner(ctx, row, proof))


async def judge_new(ctx: Context, row: store.Row, proof: store.Row) -> None:
    """Collect the labels of a task that was collected just now, from one label: its owner was looked for already."""
    await _judge(ctx, row, [proof], _has(row))


async def _judge(ctx: Context, row: store.Row, proof: Sequence[store.Row], owner: Judgement | None) -> bool:
    text = "\n".join([row["title"], row["body"], *(each["quote"] for each in proof)])
    said = content_hash(text, row["assignee"], row["due_on"], row["status"] in store.LIVING)
    if said == row["labelled_hash"]:
        return False
    found = [await _type(ctx, row, proof), _priority(text, row, await store.today(ctx)), _area(text)]
    workspace, now = ctx.workspace.id, ctx.now
    kept = [each for each in (*found, owner) if each is not None]
    for each in kept:
        values = {"id": ctx.new_id("tasklabel"), "task": row["id"], **each._asdict()}
        ctx.write(store.sql("put_label", workspace=workspace, now=now, **values))
    keys = store.json_list([each.key for each in kept])
    ctx.write(store.sql("drop_labels", workspace=workspace, task=row["id"], ids=keys))
    seen = {"id": row["id"], "seen": row["revision"], "hash": said}
    ctx.write(store.sql("mark_labelled", 1, workspace=workspace, **seen))
    return True


async def _type(ctx: Context, row: store.Row, proof: Sequence[store.Row]) -> Judgement:
    """From the labels that prove it, else from what the labels' models say of its text."""
    labels = {each["label_key"]: each["score"] for each in proof}
    for label, kind in TYPES.items():
        if label in labels:
            return Judgement("type", kind, labels[label], row["provenance"], row["model"])
    if labels:
        return Judgement("type", "follow_up", max(labels.values()), row["provenance"], row["model"])
    text = f"{row['title']}\n{row['body']}"
    analysis: LabelAnalysis = await ctx.query(PreviewLabels(text=text, labels=tuple(TYPES)))
    by_label = {each.label: each for each in analysis.results if each.present}
    for label, kind in TYPES.items():
        if label in by_label:
            each = by_label[label]
            return Judgement("type", kind, each.score, each.provenance, each.model)
    return Judgement("type", "follow_up", 0.5, "rule", "")


def _priority(text: str, row: store.Row, today: date) -> Judgement:
    """High for urgent words and what is due in two days, low where nobody hurries."""
    due = date.fromisoformat(row["due_on"]) if row["due_on"] else None
    if _RELAXED.search(text):
        return Judgement("priority", "low", 0.8, "rule", "")
    if _URGENT.search(text) or (due is not None and (due - today).days <= SOON_DAYS):
        return Judgement("priority", "high", 0.8, "rule", "")
    return Judgement("priority", "normal", 0.6, "rule", "")


def _area(text: str) -> Judgement | None:
    """The area most of whose words occur; none where no word does."""
    counts = {area: len(pattern.findall(text)) for area, pattern in _AREA_PATTERNS.items()}
    best = max(counts, key=lambda area: counts[area])
    total = sum(counts.values())
    return Judgement("area", best, round(counts[best] / total, 4), "rule", "") if total else None


async def _owner(ctx: Context, row: store.Row, proof: Sequence[store.Row]) -> Judgement | None:
    """Who is named in the evidence, where nobody has the task yet."""
    if row["assignee"] is not None:
        return _has(row)
    zone = await store.zone(ctx)
    for each in proof:
        if each["label_key"] in TYPES:
            continue  # a fault or a wish: whoever it names is not the one to see to it
        at = datetime.fromtimestamp(each["said_at"] / SECOND, zone)
        scene = await store.scene(ctx, each["content_type"], each["content_id"])
        said_by = scene.name_of(each["sender"])
        named = outline(each["quote"], "follow_up", at, zone, said_by, scene.people).owner
        if named is not None:
            return Judgement("owner", named, 0.7, "rule", "")
    if row["source"] == "user":
        lines = [" ".join(line.split())[:LONGEST] for line in f"{row['title']}\n{row['body']}".splitlines()]
        named = next((name for line in lines if (name := owner_in(line, ())[1])), None)
        return None if named is None else Judgement("owner", named, 0.7, "rule", "")
    return None


def _has(row: store.Row) -> Judgement | None:
    return None if row["assignee"] is None else Judgement("owner", row["assignee"], 1.0, "rule", "")
