"""Let waiting retries run now."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.bulk import Bulk
from needlework.handlers.system.bulk_messages import RetryMessages


@subscribe(RetryMessages, runner="system")
async def retry_messages(message: RetryMessages, ctx: Context) -> dict[str, Any]:
    """Each retry that waited when this began, once: what fails again waits again."""
    bulk = Bulk(message, ctx, ("retrying",))

    async def hasten(runner: int, rows: list[Any]) -> int:
        lane = ctx.bus.store.runners_by_number[runner]
        return await ctx.bus.store.hasten([(row["message"], lane) for row in rows])

    if message.preview:
        return await bulk.preview(lambda runner, row: True)
    return {"retried": await bulk.run(hasten, "retried")}
