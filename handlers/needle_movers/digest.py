"""What became of the needle movers in a period, for reports."""

from typing import Any

from needlework.bus.clock import rfc3339
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import measuring
from needlework.handlers.needle_movers.impact import impact
from needlework.handlers.needle_movers.list import statement
from needlework.handlers.needle_movers.messages import Digest, DigestNeedleMovers, ListNeedleMovers
from needlework.handlers.needle_movers.wording import quotes_of
from needlework.handlers.times import DAY, parse_range

QUOTES = 3
WEEK = 7 * DAY


@subscribe(DigestNeedleMovers, runner="needle_mover")
async def digest(message: DigestNeedleMovers, ctx: Context) -> list[Digest]:
    """The movers that stand now: as the pages show them, and as measured at both ends of the period.

    Each end by what was said until then, however late it came in.
    """
    range_ = parse_range(message.from_, message.until, now=ctx.now, default=WEEK)
    weights = await measuring.weights_of(ctx)
    ends = [(at, await measuring.workspace(ctx, at)) for at in (range_.start, range_.end)]
    found = []
    for row in await ctx.db.all(statement(ListNeedleMovers(limit=message.limit), ctx.workspace.id)):
        scores = [impact(await measuring.linked(ctx, row["id"], at), totals, at, weights).score for at, totals in ends]
        ended = range_.end < ctx.now and row["impact_override"] is None
        after = scores[1] if ended else row["rank"]
        quotes = [each for each in await quotes_of(ctx, row["id"]) if range_.start <= each.at < range_.end]
        same = {name: row[name] for name in ("id", "title", "kind", "status", "owner_id", "accounts")}
        shown = [
            {"evidence_id": each.id, "quote": each.text, "who": each.who, "said_at": rfc3339(each.at)}
            for each in quotes[:QUOTES]
        ]
        figures: dict[str, Any] = {
            "now": row["rank"],
            "impact": after,
            "before": scores[0],
            "delta": after - scores[0],
            "new_statements": len(quotes),
        }
        found.append(Digest(**same, **figures, quotes=shown))
    return sorted(found, key=lambda each: (-each.now, each.id))[: message.limit]
