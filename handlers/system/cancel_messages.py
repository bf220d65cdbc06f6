"""Cancel many messages."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.bus.unfinished import Kind
from needlework.handlers.system.bulk import Bulk
from needlework.handlers.system.bulk_messages import CancelMessages

_LISTS: dict[str | None, tuple[Kind, ...]] = {
    None: ("waiting", "parked"), "waiting": ("waiting",), "running": ("waiting",), "parked": ("parked",),
}  # fmt: skip
"""Where the messages of a state are found: what runs stands among what waits until it has ended."""


@subscribe(CancelMessages, runner="system")
async def cancel_messages(message: CancelMessages, ctx: Context) -> dict[str, Any]:
    """Every message that was published before this began; what runs in a thread can't be stopped and is not counted."""
    bulk = Bulk(message, ctx, _LISTS[message.state])

    def fits(runner: int, row: Any) -> bool:
        started = bulk.unfinished.started(runner, row["message"])
        return message.state not in ("waiting", "running") or started is (message.state == "running")

    async def cancel(runner: int, rows: list[Any]) -> int:
        chosen = [row["message"] for row in rows if fits(runner, row)]
        return await bulk.unfinished.cancel(chosen, ctx.principal, running=message.state != "waiting")

    if message.preview:
        return await bulk.preview(fits)
    return {"cancelled": await bulk.run(cancel, "cancelled")}
