"""What was labelled in a period, counted once for all reports that need it."""

from collections import Counter
from datetime import datetime

import msgspec
from needlework.bus.clock import SECOND, micros
from needlework.bus.context import Context
from needlework.handlers.labels.messages import LabelEvidence, LabelRange, LabelsInRange
from needlework.handlers.reports.periods import Period

PAGE = 500


class Counted(msgspec.Struct):
    """Spans by label, the contents and accounts that they stand in, a quote for each label."""

    spans: Counter[str] = msgspec.field(default_factory=Counter)
    contents: dict[str, set[str]] = {}
    accounts: dict[str, set[str]] = {}
    by_account: dict[str, Counter[str]] = {}
    severity: Counter[str] = msgspec.field(default_factory=Counter)
    """Sum of severities by account."""
    quotes: dict[str, tuple[float, str]] = {}
    """The surest span's words, by label."""

    def add(self, label: LabelEvidence) -> None:
        """Count one."""
        key = label.label
        self.spans[key] += 1
        self.contents.setdefault(key, set()).add(label.content_id)
        if label.account_id is not None:
            self.accounts.setdefault(key, set()).add(label.account_id)
            self.by_account.setdefault(label.account_id, Counter())[key] += 1
            self.severity[label.account_id] += round(label.severity * 100)
        quote = label.evidence[0].quote if label.evidence else ""
        if quote and (key not in self.quotes or label.score > self.quotes[key][0]):
            self.quotes[key] = (label.score, quote)


async def count(ctx: Context, *periods: Period) -> list[Counted]:
    """What was said in each period, by the time at which it was said; labels may have been found later."""
    counted = [Counted() for _ in periods]
    after: str | None = None
    start = min(period.start for period in periods)
    while True:
        asked = LabelsInRange(from_=start / SECOND, after=after, limit=PAGE)
        page: LabelRange = await ctx.query(asked)
        for label in page.items:
            if label.repeats:
                continue
            said = micros(datetime.fromisoformat(label.sent_at))
            for period, each in zip(periods, counted, strict=True):
                if period.start <= said < period.end:
                    each.add(label)
        after = page.next_after
        if after is None:
            return counted
