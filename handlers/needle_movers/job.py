"""The one job that may rematch a workspace's evidence at a time: whose it is, and whether it runs."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.handlers.needle_movers import store
from needlework.handlers.system.messages import IsUnfinished


async def refuse_while_running(ctx: Context) -> None:
    """Raise Refuse 409 while another message's job runs."""
    row = await ctx.db.one(store.sql("read_state", workspace=ctx.workspace.id))
    job = None if row is None else row["job"]
    if job is not None and job != ctx.message_id and await ctx.query(IsUnfinished(id=job)):
        detail = f"needle movers are being reprocessed by {job}; wait for its end, or cancel it"
        raise Refuse(409, "reprocess_running", detail, message_id=job)
