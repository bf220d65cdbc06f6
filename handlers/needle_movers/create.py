"""Create a needle mover that a person names."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import pool, store
from needlework.handlers.needle_movers.messages import CreateNeedleMover, NeedleMover
from needlework.handlers.words import clean


@subscribe(CreateNeedleMover, runner="content")
async def create(message: CreateNeedleMover, ctx: Context) -> NeedleMover:
    """Save it, and let what waits for a mover be matched with it."""
    if ctx.cursor is not None:
        return store.mover(await store.find(ctx, ctx.cursor))
    if message.id is not None:
        known = await ctx.db.one(store.sql("find_id", workspace=ctx.workspace.id, id=message.id))
        if known is not None:
            raise Refuse(409, "exists", f"needle mover {message.id} exists already")
    title, description = clean(message.title).strip(), clean(message.description).strip()
    vector, encoder = await store.name_vector(title, description)
    id_ = message.id or ctx.new_id("nm")
    values: dict[str, Any] = {"kind": message.kind, "status": message.status, "owner_id": message.owner_id}
    values |= {"rules": msgspec.json.encode(message.rules).decode(), "impact_override": message.impact_override}
    values |= {"vector": vector, "encoder": encoder, "provenance": "user", "model": "", "title_hash": ""}
    values |= {"summary_user": message.summary_user, "first_seen_at": None, "last_seen_at": None}
    statement = store.sql(
        "insert_mover",
        1,
        id=id_,
        workspace=ctx.workspace.id,
        title=title,
        description=description,
        now=ctx.now,
        **values,
    )
    ctx.write(statement)
    ctx.audit("needle_mover.created", id_, title)
    ctx.tell("needle_mover.created", needle_mover_id=id_, title=title)
    await pool.rematch(ctx)
    await ctx.commit(cursor=id_)
    return store.mover(await store.find(ctx, id_))
