"""Labels with who said it, when and for which account: what needle movers and tasks are made from."""

from collections.abc import Sequence

import msgspec
from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import filtered, read_cursor, write_cursor
from needlework.handlers.labels import store
from needlework.handlers.labels.definitions import LabelDefinition, severity
from needlework.handlers.labels.messages import LabelEvidence, LabelRange, LabelsInRange, LabelsOfContent
from needlework.handlers.times import DAY, Range, parse_range, show

MOST = 5_000
"""Labels of one content that are handed over."""
SEQ_END = 1 << 62


@subscribe(LabelsOfContent, runner="content")
async def of_content(message: LabelsOfContent, ctx: Context) -> list[LabelEvidence]:
    """All labels in force of one content."""
    rows = await ctx.db.all(of_content_statement(message, ctx.workspace.id))
    return _shown(rows, await store.definitions(ctx))


@subscribe(LabelsInRange, runner="content")
async def in_range(message: LabelsInRange, ctx: Context) -> LabelRange:
    """A page of the labels that were created in a range, 30 days by default."""
    range_ = parse_range(message.from_, message.until, now=ctx.now, default=30 * DAY)
    values = {"workspace": ctx.workspace.id, "start": range_.start, "end": range_.end}
    total = int(await ctx.db.value(store.sql("count_created", **values)))
    rows = await ctx.db.all(in_range_statement(message, ctx.workspace.id, range_))
    page, more = rows[: message.limit], len(rows) > message.limit
    after = write_cursor(page[-1]["created_at"], page[-1]["seq"]) if more else None
    return LabelRange(items=_shown(page, await store.definitions(ctx)), total=total, next_after=after)


def of_content_statement(message: LabelsOfContent, workspace: int) -> Statement:
    """The query for one content."""
    values = {"workspace": workspace, "type": message.content_type, "content": message.content_id, "limit": MOST}
    return filtered(store.sql, "label_evidence", {"filter_of": message.content_id}, values)


def in_range_statement(message: LabelsInRange, workspace: int, range_: Range) -> Statement:
    """The query for one page of a range."""
    at, seq = read_cursor(message.after, range_.start - 1, SEQ_END)
    values = {"workspace": workspace, "at": at, "seq": seq, "end": range_.end, "limit": message.limit + 1}
    return filtered(store.sql, "label_evidence", {"filter_created": True}, values)


def _shown(rows: Sequence[store.Row], definitions: dict[str, LabelDefinition]) -> list[LabelEvidence]:
    """Rows as other groups get them; a label whose definition is gone is needle-relevant no more."""
    shown = []
    for row in rows:
        definition = definitions.get(row["label_key"])
        shown.append(
            LabelEvidence(
                **msgspec.structs.asdict(store.content_label(row)),
                account_id=row["account_id"],
                sender=row["sender"],
                sent_at=show(row["sent_at"]) or "",
                severity=severity(row["label_key"]),
                task_type=definition.task_type if definition else None,
                needle_relevant=definition is not None and definition.needle_relevant,
                repeats=bool(row["repeats"]),
            )
        )
    return shown
