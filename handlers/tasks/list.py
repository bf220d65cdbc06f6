"""List and search tasks."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import ListTasks, TaskHead
from needlework.handlers.words import match_expression

NEWEST = 1 << 62


@subscribe(ListTasks, runner="content")
async def list_tasks(message: ListTasks, ctx: Context) -> Page[TaskHead]:
    """A page of the tasks that match every filter given."""
    day = (await store.today(ctx)).isoformat()
    rows = await ctx.db.all(statement(message, ctx.workspace.id, day))
    page = page_of(rows, message.limit, lambda row: row, "seq")
    return Page(await store.answers(ctx, page.items), page.next_cursor)


def statement(message: ListTasks, workspace: int, day: str) -> Statement:
    """The query with the filters that are asked for; `day` is today."""
    (seq,) = read_cursor(message.cursor, NEWEST)
    match = match_expression(message.q)
    filters = {
        "filter_status": message.status,
        "filter_assignee": message.assignee,
        "filter_source": message.source,
        "filter_account": message.account_id,
        "filter_mover": message.needle_mover_id,
        "filter_type": message.type,
        "filter_overdue": message.overdue,
        "filter_search": match,
    }
    values = {
        "workspace": workspace,
        "status": message.status,
        "assignee": message.assignee,
        "source": message.source,
        "account": message.account_id,
        "mover": message.needle_mover_id,
        "type": message.type,
        "overdue": message.overdue,
        "today": day,
        "match": match,
        "seq": seq,
        "limit": message.limit + 1,
    }
    return filtered(store.sql, "list_tasks", filters, values)
