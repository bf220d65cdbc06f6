"""The needle-mover digest: what moves the business, what changed, and who said so."""

from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.handlers.needle_movers.messages import Digest, DigestNeedleMovers
from needlework.handlers.reports.document import Section
from needlework.handlers.reports.periods import Period

MOST = 20
QUOTES = 3
COLUMNS = ("Needle mover", "Kind", "Status", "Impact", "Before", "Change", "New evidence", "Accounts")


async def needle_movers(ctx: Context, period: Period) -> list[Section]:
    """The greatest impact first; the words of those about which something new was said."""
    asked = DigestNeedleMovers(from_=period.start / SECOND, until=period.end / SECOND, limit=MOST)
    found: list[Digest] = await ctx.query(asked)
    rows = tuple(
        (each.title, each.kind, each.status, each.impact, each.before, each.delta, each.new_evidence, each.accounts)
        for each in found
    )
    new = sum(each.new_evidence for each in found)
    lines = (f"{len(found)} needle movers, {new} new pieces of evidence.",)
    said = [Section(each.title, quotes=_words(each)) for each in found if each.quotes]
    return [Section("Needle movers", lines, COLUMNS, rows), *said]


def _words(mover: Digest) -> tuple[str, ...]:
    return tuple(str(quote["quote"]) for quote in mover.quotes[:QUOTES])
