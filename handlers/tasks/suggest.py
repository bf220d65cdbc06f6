"""Suggest a task from another group: actions of needle movers."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels.messages import LabelEvidence, LabelsOfContent
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import Suggested, SuggestTask
from needlework.handlers.tasks.offers import Offer, offer


@subscribe(SuggestTask, runner="tasks")
async def suggest(message: SuggestTask, ctx: Context) -> Suggested:
    """Save the suggestion; the same again changes nothing."""
    label = await _proof(ctx, message.content_label_id)
    given = Offer(
        title=message.title.strip(),
        source="needle_mover" if message.needle_mover_id else "content_label",
        body=message.body,
        id=message.id,
        due_on=message.due_on.isoformat() if message.due_on else None,
        assignee=message.assignee,
        account_id=message.account_id or (label.account_id if label is not None else None),  # it may be known by now
        needle_mover_id=message.needle_mover_id,
        content_label_id=message.content_label_id,
        confidence=message.confidence,
        fingerprint=message.fingerprint,
        label=label,
        known=None if label is None else await _known(ctx, label),
    )
    return await offer(ctx, given)


async def _proof(ctx: Context, id: str | None) -> LabelEvidence | None:
    """The label that a suggestion rests on, with its sentence; None where it is gone."""
    if id is None:
        return None
    place = await ctx.db.one(store.sql("content_of_label", workspace=ctx.workspace.id, id=id))
    if place is None:
        return None
    asked = LabelsOfContent(content_type=place["content_type"], content_id=place["content_id"])
    return next((each for each in await ctx.query(asked) if each.id == id), None)


async def _known(ctx: Context, label: LabelEvidence) -> store.Row | None:
    """What the sentence of a label has suggested before."""
    span = label.evidence[0]
    values = {"type": label.content_type, "content": label.content_id, "message_id": span.message_id or ""}
    return await ctx.db.one(
        store.sql("evidence_at", workspace=ctx.workspace.id, start=span.start, quote=span.quote, **values)
    )
