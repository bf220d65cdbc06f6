"""A person confirms or rejects a label; analyses leave it alone from then on."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels import store
from needlework.handlers.labels.messages import ContentLabel, DecideContentLabel


@subscribe(DecideContentLabel, runner="content")
async def decide(message: DecideContentLabel, ctx: Context) -> ContentLabel:
    """Set the state; the same decision again changes nothing."""
    row = await ctx.db.one(store.sql("find_label", workspace=ctx.workspace.id, id=message.id))
    if row is None:
        raise Refuse(404, "not_found", f"no content label {message.id!r} in this workspace")
    if row["state"] == "superseded":
        raise Refuse(409, "superseded", f"label {message.id} was replaced by a later analysis")
    if row["state"] == message.state:
        return store.content_label(row)
    values = {"id": message.id, "state": message.state, "seen": row["state"], "now": ctx.now}
    ctx.write(store.sql("decide_label", 1, workspace=ctx.workspace.id, **values))
    store.changed_labels(ctx, row["content_type"], row["content_id"], {row["label_key"]})
    ctx.audit(f"label.{message.state}", message.id, f"{row['label_key']}: {row['quote'][:200]}")
    return store.content_label({**row, "state": message.state, "updated_at": ctx.now})
