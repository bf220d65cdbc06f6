"""Find the labels that wait in the queue for one content."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import Discard
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels import store
from needlework.handlers.labels.analyse_content_labels import label_pairs
from needlework.handlers.labels.messages import LabelContent


@subscribe(LabelContent, runner="conversation_note_analysis_processor")
async def label_content(message: LabelContent, ctx: Context) -> dict[str, Any]:
    """Raises Discard where nothing waits any more: another analysis has found it meanwhile."""
    keys = list(message.labels)
    if not keys:
        values = {"workspace": ctx.workspace.id, "type": message.content_type, "content": message.content_id}
        keys = [row["label_key"] for row in await ctx.db.all(store.sql("queued_labels", **values))]
    if not keys:
        raise Discard("nothing_queued")
    found = await label_pairs(ctx, message.content_type, message.content_id, keys)
    return {"content_id": message.content_id, "labels": sorted(each.label for each in found if each.present)}
