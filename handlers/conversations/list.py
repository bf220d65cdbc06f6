"""List and search conversations."""

from needlework.bus.context import Context
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Page, filtered, page_of, read_cursor
from needlework.handlers.conversations import store
from needlework.handlers.conversations.messages import ConversationSummary, ListConversations
from needlework.handlers.words import match_expression

LATEST = 1 << 62
AFTER_ANY_ID = "~"


@subscribe(ListConversations, runner="content")
async def list_conversations(message: ListConversations, ctx: Context) -> Page[ConversationSummary]:
    """A page of the conversations that match every filter given."""
    rows = await ctx.db.all(statement(message, ctx.workspace.id))
    return page_of(rows, message.limit, store.summary, "last_message_at", "id")


def statement(message: ListConversations, workspace: int) -> Statement:
    """The query with the filters that are asked for."""
    last_message_at, last_id = read_cursor(message.cursor, LATEST, AFTER_ANY_ID)
    match = match_expression(message.q)
    filters = {
        "filter_channel": message.channel,
        "filter_status": message.status,
        "filter_account": message.account_id,
        "filter_label": message.label,
        "filter_search": match,
    }
    values = {
        "workspace": workspace,
        "channel": message.channel,
        "status": message.status,
        "account": message.account_id,
        "label": message.label,
        "match": match,
        "last_message_at": last_message_at,
        "id": last_id,
        "limit": message.limit + 1,
    }
    return filtered(store.sql, "list_conversations", filters, values)
