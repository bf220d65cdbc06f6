"""Suggest a task from another group: actions of needle movers."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.tasks.messages import Suggested, SuggestTask
from needlework.handlers.tasks.offers import Offer, offer


@subscribe(SuggestTask, runner="tasks")
async def suggest(message: SuggestTask, ctx: Context) -> Suggested:
    """Save the suggestion; the same again changes nothing."""
    given = Offer(
        title=message.title.strip(),
        source="needle_mover" if message.needle_mover_id else "content_label",
        body=message.body,
        id=message.id,
        due_on=message.due_on.isoformat() if message.due_on else None,
        assignee=message.assignee,
        account_id=message.account_id,
        needle_mover_id=message.needle_mover_id,
        content_label_id=message.content_label_id,
        confidence=message.confidence,
        fingerprint=message.fingerprint,
    )
    return await offer(ctx, given)
