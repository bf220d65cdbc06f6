"""Add messages to a conversation that exists."""

import msgspec
from needlework.bus.clock import rfc3339
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Saved
from needlework.handlers.conversations import store, threads
from needlework.handlers.conversations.ingest import extend
from needlework.handlers.conversations.merge import incoming
from needlework.handlers.conversations.messages import AppendMessages, ConversationInput, MessageInput


@subscribe(AppendMessages, runner="content")
async def append(message: AppendMessages, ctx: Context) -> Saved:
    """Save the messages; `created` says whether any of them was new."""
    now = ctx.now
    row = await store.existing(ctx, message.id)
    given = [_dated(each, now + number) for number, each in enumerate(_given(message))]
    found = incoming(given, now, row["channel"])
    told = ConversationInput(id=row["id"], messages=given)
    _, thread = await threads.find(ctx, told, row)
    added = await extend(ctx, row, told, found, now, thread=thread)
    return Saved(row["id"], bool(added))


def _given(message: AppendMessages) -> list[MessageInput]:
    if message.items is not None:
        return message.items
    fields = {name: getattr(message, name) for name in MessageInput.__struct_fields__}
    return [MessageInput(**fields)]


def _dated(given: MessageInput, now: int) -> MessageInput:
    """Without id and time a message is a new one that happens now, even when it says what another said."""
    if given.external_id is not None or given.sent_at is not None:
        return given
    return msgspec.structs.replace(given, sent_at=rfc3339(now))
