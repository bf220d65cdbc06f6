"""Label trends: how often each label was given, against the period before."""

from needlework.bus.context import Context
from needlework.handlers.labels.messages import ListLabels
from needlework.handlers.reports.document import Section
from needlework.handlers.reports.periods import Period
from needlework.handlers.reports.spans import count

QUOTED = 5


async def label_trends(ctx: Context, period: Period) -> list[Section]:
    """The labels by how much they changed, then the surest quote of those that grew most."""
    earlier = Period(2 * period.start - period.end, period.start)
    now, then = await count(ctx, period, earlier)
    keys = sorted(now.spans | then.spans, key=lambda key: (-abs(now.spans[key] - then.spans[key]), key))
    names = {each.key: each.name for each in (await ctx.query(ListLabels())).items}
    rows = tuple(
        (names.get(key, key), now.spans[key], then.spans[key], now.spans[key] - then.spans[key],
         len(now.contents.get(key, ())), len(now.accounts.get(key, ())))
        for key in keys
    )  # fmt: skip
    total, before = now.spans.total(), then.spans.total()
    lines = (f"{total} labels, {before} in the {_length(period)} before.",)
    columns = ("Label", "Now", "Before", "Change", "Contents", "Accounts")
    grown = [key for key in keys if now.spans[key] > then.spans[key] and key in now.quotes][:QUOTED]
    quotes = tuple(f"{names.get(key, key)}: {now.quotes[key][1]}" for key in grown)
    return [Section("Labels", lines, columns, rows), *([Section("What grew", quotes=quotes)] if quotes else [])]


def _length(period: Period) -> str:
    days = round((period.end - period.start) / 86_400_000_000)
    return f"{days} days" if days > 1 else "day"
