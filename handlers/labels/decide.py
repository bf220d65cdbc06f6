"""A person confirms or rejects a label: analyses leave it alone from then on, and the workspace learns from it."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels import store
from needlework.handlers.labels.messages import ContentLabel, DecideContentLabel
from needlework.handlers.labels.teaching import taught, tuned


@subscribe(DecideContentLabel, runner="content")
async def decide(message: DecideContentLabel, ctx: Context) -> ContentLabel:
    """Set the state; the same decision again changes nothing. Giving a label back takes back what it taught."""
    row = await ctx.db.one(store.sql("find_label", workspace=ctx.workspace.id, id=message.id))
    if row is None:
        raise Refuse(404, "not_found", f"no content label {message.id!r} in this workspace")
    if row["state"] == "superseded":
        raise Refuse(409, "superseded", f"label {message.id} was replaced by a later analysis")
    if row["state"] == message.state:
        return store.content_label(row)
    values = {"id": message.id, "state": message.state, "seen": row["state"], "now": ctx.now}
    ctx.write(store.sql("decide_label", 1, workspace=ctx.workspace.id, **values))
    await _teach(ctx, row, message.state)
    store.changed_labels(ctx, row["content_type"], row["content_id"], {row["label_key"]})
    if "rejected" in (row["state"], message.state):
        what = "removed" if message.state == "rejected" else "created"
        store.tell(ctx, what, row["content_type"], row["content_id"], [(message.id, row["label_key"])])
    ctx.audit(f"label.{message.state}", message.id, f"{row['label_key']}: {row['quote'][:200]}")
    return store.content_label({**row, "state": message.state, "updated_at": ctx.now})


async def _teach(ctx: Context, row: store.Row, state: str) -> None:
    """Collect a new version of the label's definition, unless its definition is gone."""
    known = (await store.definitions(ctx)).get(row["label_key"])
    if known is None:
        return
    changed = taught(known, row["quote"], state)
    if known.threshold_by != "user":
        values = {"workspace": ctx.workspace.id, "label": known.key, "except": row["id"]}
        decided = [
            (each["score"], each["state"] == "confirmed") for each in await ctx.db.all(store.sql("decided", **values))
        ]
        if state != "machine":
            decided.append((row["score"], state == "confirmed"))
        cut = tuned(decided)
        if cut is not None:
            changed = msgspec.structs.replace(changed, threshold=cut, threshold_by="decisions")
    if changed != known:
        store.put_definition(ctx, changed, known.version)
