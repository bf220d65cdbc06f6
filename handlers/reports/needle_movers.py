"""The needle-mover digest: what moves the business, what changed, and what is said of it."""

from datetime import datetime

from needlework.bus.clock import micros
from needlework.bus.context import Context
from needlework.handlers.answers import Page
from needlework.handlers.needle_movers.messages import ListNeedleMovers, NeedleMover
from needlework.handlers.reports.document import Section
from needlework.handlers.reports.periods import Period

MOST = 20
COLUMNS = ("Needle mover", "Kind", "Status", "Impact", "Evidence", "Accounts", "New")


async def needle_movers(ctx: Context, period: Period) -> list[Section]:
    """The greatest impact first; the summaries of what was spoken of in the period."""
    found: Page[NeedleMover] = await ctx.query(ListNeedleMovers(limit=MOST))
    rows = tuple(
        (each.title, each.kind, each.status, each.impact, each.evidence.get("linked", 0), each.accounts,
         "yes" if _in(period, each.first_seen_at) else "no")
        for each in found.items
    )  # fmt: skip
    spoken = [each for each in found.items if _in(period, each.last_seen_at)]
    lines = (f"{len(found.items)} needle movers; {len(spoken)} were last spoken of in the period.",)
    said = [Section(each.title, tuple(filter(None, (_summary(each), each.summary_delta)))) for each in spoken]
    return [Section("Needle movers", lines, COLUMNS, rows), *[section for section in said if section.lines]]


def _in(period: Period, at: str | None) -> bool:
    return at is not None and period.start <= micros(datetime.fromisoformat(at)) < period.end


def _summary(mover: NeedleMover) -> str:
    return mover.summary_user or mover.summary_short
