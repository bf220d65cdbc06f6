"""List what was said about a needle mover."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.messages import Evidence, ListEvidence


@subscribe(ListEvidence, runner="content")
async def list_evidence(message: ListEvidence, ctx: Context) -> Page[Evidence]:
    """A page of one mover's evidence, oldest link first."""
    await store.find(ctx, message.id)
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, store.evidence, "seq")


def statement(message: ListEvidence, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    (seq,) = read_cursor(message.cursor, 0)
    values = {
        "workspace": workspace,
        "id": message.id,
        "state": message.state,
        "account": message.account_id,
        "seq": seq,
        "limit": message.limit + 1,
    }
    filters = {"filter_evidence_state": message.state, "filter_evidence_account": message.account_id}
    return filtered(store.sql, "list_evidence", filters, values)
