"""Read the log for people."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page
from needlework.handlers.system.bulk_messages import Entry, ListAudit
from needlework.handlers.times import parse_range


@subscribe(ListAudit, runner="system")
async def list_audit(message: ListAudit, ctx: Context) -> Page[Entry]:
    """A page of this workspace's lines, and of the holds of runners and topics, which are everybody's."""
    range_ = parse_range(message.from_, message.until, now=ctx.now, default=ctx.now)
    found = await ctx.bus.audit.list(
        ctx.workspace, limit=message.limit, cursor=message.cursor, action=message.action, principal=message.principal,
        start=range_.start, end=range_.end, reader=ctx.principal,
    )  # fmt: skip
    return Page([msgspec.convert(item, Entry, strict=False) for item in found["items"]], found["next_cursor"])
