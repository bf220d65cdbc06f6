"""Change a needle mover."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import pool, store
from needlework.handlers.needle_movers.action_messages import ProcessMoverActions
from needlework.handlers.needle_movers.messages import NeedleMover, UpdateNeedleMover
from needlework.handlers.words import clean

MATCHED = ("title", "description", "kind", "rules")
"""What spans are matched with."""
FIELDS = (*MATCHED, "status", "owner_id", "impact_override", "summary_user")


@subscribe(UpdateNeedleMover, runner="content")
async def update(message: UpdateNeedleMover, ctx: Context) -> NeedleMover:
    """Write what differs; the same again changes nothing."""
    row = await store.find_standing(ctx, message.id)
    stated = {name: _plain(getattr(message, name)) for name in FIELDS}
    stated = {name: value for name, value in stated.items() if value is not msgspec.UNSET}
    changed = {name: value for name, value in stated.items() if value != row[name]}
    if not changed:
        return store.mover(row)
    values = {name: row[name] for name in (*FIELDS, "vector", "encoder")} | changed
    if {"title", "description"} & changed.keys():
        values["vector"], values["encoder"] = await store.name_vector(values["title"], values["description"])
    values["title_provenance"] = "user" if "title" in changed else row["title_provenance"]
    seen = {"id": message.id, "seen": row["revision"], "now": ctx.now}
    ctx.write(store.sql("update_mover", 1, workspace=ctx.workspace.id, **seen, **values))
    said = ", ".join(f"{name}: {str(value)[:80]}" for name, value in changed.items())
    ctx.audit("needle_mover.updated", message.id, said)
    ctx.tell("needle_mover.updated", needle_mover_id=message.id, changed=sorted(changed), status=values["status"])
    if set(MATCHED) & changed.keys():
        await pool.rematch(ctx)
    if "status" in changed:
        ctx.publish(ProcessMoverActions(needle_mover_id=message.id))
    await ctx.commit()
    return store.mover(await store.find(ctx, message.id))


def _plain(value: Any) -> Any:
    """A value as its column holds it."""
    if isinstance(value, msgspec.Struct):
        return msgspec.json.encode(value).decode()
    return clean(value).strip() if isinstance(value, str) else value
