"""The needle-mover digest: what moves the business, what changed, and who said so."""

from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.handlers.needle_movers.messages import Digest, DigestNeedleMovers
from needlework.handlers.reports.document import Section
from needlework.handlers.reports.periods import Period

MOST = 20
QUOTES = 3
COLUMNS = (
    "Needle mover", "Kind", "Status", "Impact now", "At the start", "At the end", "Change", "New statements", "Accounts"
)  # fmt: skip
"""The impact as the pages show it, then that of both ends of the period."""


async def needle_movers(ctx: Context, period: Period) -> list[Section]:
    """The greatest impact first; the words of those about which something new was said."""
    asked = DigestNeedleMovers(from_=period.start / SECOND, until=period.end / SECOND, limit=MOST)
    found: list[Digest] = await ctx.query(asked)
    rows = tuple(
        (
            each.title,
            each.kind,
            each.status,
            each.now,
            each.before,
            each.impact,
            each.delta,
            each.new_statements,
            each.accounts,
        )
        for each in found
    )
    new = sum(each.new_statements for each in found)
    lines = (f"{len(found)} needle movers, {new} new statements.",)
    said = [Section(each.title, quotes=_words(each)) for each in found if each.quotes]
    return [Section("Needle movers", lines, COLUMNS, rows), *said]


def _words(mover: Digest) -> tuple[str, ...]:
    return tuple(str(quote["quote"]) for quote in mover.quotes[:QUOTES])
