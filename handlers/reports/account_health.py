"""Account health: which accounts say what worries, and which have fallen silent."""

from collections import Counter
from datetime import datetime
from typing import Any

from needlework.bus.clock import micros
from needlework.bus.context import Context
from needlework.handlers.accounts.messages import Account, ListAccounts
from needlework.handlers.conversations.messages import ListConversations
from needlework.handlers.reports.document import Cell, Section
from needlework.handlers.reports.periods import Period
from needlework.handlers.reports.spans import Counted, count
from needlework.handlers.times import DAY

PAGE = 500
SHOWN = 200
WORRIES = ("churn_risk", "escalation", "pricing_objection", "task_issue_bug", "competitor_mention")
COLUMNS = ("Account", "MRR", "Status", "Worries", "Praise", "Severity", "Quiet for days")
Row = tuple[Cell, ...]


async def account_health(ctx: Context, period: Period) -> list[Section]:
    """Accounts that worry, the gravest first; accounts without a word in the period; how many are well."""
    (said,) = await count(ctx, period)
    accounts = await _all(ctx)
    worried: list[tuple[float, Row]] = []
    silent: list[tuple[float, Row]] = []
    for account in accounts:
        last = await _last_message(ctx, account.id)
        row = _row(account, said, last, period)
        severity, mrr = said.severity[account.id] / 100, account.mrr or 0.0
        if row[3]:
            worried.append((severity * 1e9 + mrr, row))
        elif last is None or last < period.start:
            silent.append((mrr, row))
    well = len(accounts) - len(worried) - len(silent)
    lines = (f"{len(accounts)} accounts: {len(worried)} worry, {len(silent)} were silent, {well} are well.",)
    return [
        Section("All accounts", lines),
        Section("Worries", _cut(worried), COLUMNS, _table(worried)),
        Section("Silent", _cut(silent), COLUMNS, _table(silent)),
    ]


def _row(account: Account, said: Counted, last: int | None, period: Period) -> Row:
    labels = said.by_account.get(account.id, Counter[str]())
    worries = sum(labels.get(key, 0) for key in WORRIES)
    quiet = None if last is None else max(0, (period.end - last) // DAY)
    severity = round(said.severity[account.id] / 100, 1)
    return (account.name, account.mrr, account.status, worries, labels.get("praise", 0), severity, quiet)


def _table(ranked: list[tuple[float, Row]]) -> tuple[Row, ...]:
    return tuple(row for _, row in sorted(ranked, key=lambda each: (-each[0], str(each[1][0])))[:SHOWN])


def _cut(ranked: list[tuple[float, Row]]) -> tuple[str, ...]:
    return (f"The first {SHOWN} of {len(ranked)}.",) if len(ranked) > SHOWN else ()


async def _all(ctx: Context) -> list[Account]:
    found: list[Account] = []
    cursor: str | None = None
    while True:
        page = await ctx.query(ListAccounts(limit=PAGE, cursor=cursor))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def _last_message(ctx: Context, account: str) -> int | None:
    page: Any = await ctx.query(ListConversations(account_id=account, limit=1))
    return micros(datetime.fromisoformat(page.items[0].last_message_at)) if page.items else None
