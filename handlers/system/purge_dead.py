"""Remove dead letters."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.audit import account
from needlework.handlers.system.choosing import choose, place_of
from needlework.handlers.system.dead_messages import PurgeDead
from needlework.handlers.ticks import keep, tally

PAGE = 500


@subscribe(PurgeDead, runner="system")
async def purge_dead(message: PurgeDead, ctx: Context) -> dict[str, Any]:
    """Page after page, with a resume point behind each. Their messages go when their own retention ends."""
    counted = tally(ctx, "began", "purged")
    began = counted.counts["began"] = counted.counts["began"] or ctx.now
    chosen = await choose(message, ctx, began)
    if message.preview:
        return await chosen.preview()
    if not counted.place:
        ctx.write(account(ctx, message, "begun"))
    total = (await chosen.preview())["count"]
    while rows := await chosen.page(counted.place, PAGE):
        counted.counts["purged"] += await ctx.bus.store.purge([(row["message"], row["runner"]) for row in rows])
        counted.place = place_of(rows[-1])
        await keep(ctx, counted)
        await ctx.progress(counted.counts["purged"], of=max(total, counted.counts["purged"]), note="purged")
    ctx.write(account(ctx, message, f"{counted.counts['purged']} purged"))
    return {"purged": counted.counts["purged"]}
