"""Take in conversations: upsert by id or external id, add what is new, have it analysed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.accounts.messages import FindAccounts, ResolveAccount
from needlework.handlers.answers import Saved
from needlework.handlers.batches import save_one_or_all
from needlework.handlers.conversations import store, threads, windows
from needlework.handlers.conversations.merge import Incoming, incoming, people
from needlework.handlers.conversations.messages import ConversationInput, ConversationLinked, IngestConversation
from needlework.handlers.conversations.threads import Thread
from needlework.handlers.labels.messages import AnalyseConversationNote
from needlework.handlers.meetings.messages import AttachTranscript
from needlework.handlers.people import Person
from needlework.handlers.times import MINUTE, read_time


@subscribe(IngestConversation, runner="content")
async def ingest(message: IngestConversation, ctx: Context) -> Saved | list[Saved]:
    """Save one conversation, or each of a list."""
    saved = partial(save, batch=message.batch_id)
    return await save_one_or_all(ctx, message, saved, _keys, lambda item: 1 + len(item.messages), threads.stored)


def _keys(given: ConversationInput) -> list[str]:
    named = [given.id] if given.id else []
    outside = ([given.external_id] if given.external_id else []) + threads.names(given)
    return named + [f"{given.connection_id}/{name}" for name in outside]


async def save(ctx: Context, given: ConversationInput, batch: str | None = None) -> Saved:
    """Save one conversation and its messages; the same content again changes nothing."""
    now = ctx.now
    if given.account_id:
        named = await ctx.query(ResolveAccount(given.account_id))
        given = msgspec.structs.replace(given, account_id=named)
    row, thread = await threads.find(ctx, given, await store.find(ctx, given))
    base = read_time(given.started_at) if given.started_at is not None and row is None else now
    found = incoming(given.messages, base, given.channel if row is None else row["channel"])
    if row is None:
        return await _create(ctx, given, found, now, batch, thread)
    if await extend(ctx, row, given, found, now, batch, thread) is None:
        return Saved(row["id"], False, unchanged=True)
    return Saved(row["id"], False)


async def _create(
    ctx: Context, given: ConversationInput, found: Sequence[Incoming], now: int, batch: str | None, thread: Thread
) -> Saved:
    values = store.fresh(ctx, given)
    store.widen(values, given, found, now)
    everyone = people(given.participants, found)
    values["account_id"] = values["account_id"] or await _account(ctx, everyone)
    values["message_count"] = len(found)
    if found:
        values |= {"revision": 1, "queued_at": now}
    ctx.write(store.guarded("insert_conversation", ctx, now, values))
    _tell(ctx, values, found, undated=given.started_at is None)
    store.save_messages(ctx, values["id"], found, now)
    store.save_people(ctx, values["id"], everyone, now)
    threads.keep(ctx, values["id"], values["connection_id"], thread.unknown)
    if found:
        ctx.publish(AnalyseConversationNote(conversation_fs_id=values["id"]), batch=batch)
    return Saved(values["id"], True)


async def extend(
    ctx: Context,
    row: Any,
    given: ConversationInput,
    found: Sequence[Incoming],
    now: int,
    batch: str | None = None,
    thread: Thread = Thread(),  # noqa: B008 - it is never changed
) -> int | None:
    """Bring a stored conversation up to what `given` states and its thread tells; the number of new messages.

    Where nothing differs, nothing is written and nothing analysed: None.
    """
    differing, added = await store.changed(ctx, [row["id"], *(each["id"] for each in thread.joined)], found)
    everyone = await store.unknown_people(ctx, row["id"], people(given.participants, found))
    values = store.merged(await threads.whole(ctx, row, thread.joined), given, found)
    store.widen(values, given, differing, now)
    if everyone and values["account_id"] is None:
        values["account_id"] = await _account(ctx, everyone)
    values["message_count"] += added
    if differing or thread.joined:
        values |= {"revision": row["revision"] + 1, "queued_at": now, "status": given.status or "open"}
    if not everyone and not thread.unknown and all(values[name] == row[name] for name in values):
        return None
    seen = {"seen_revision": row["revision"], "seen_updated": row["updated_at"]}
    threads.join(ctx, thread.joined, values, batch)  # first: the external id may be that of one of them
    ctx.write(store.guarded("update_conversation", ctx, now, values | seen))
    threads.keep(ctx, row["id"], values["connection_id"], thread.unknown)
    _tell(ctx, values, differing, undated=False)
    store.save_messages(ctx, row["id"], differing, now)
    store.save_people(ctx, row["id"], everyone, now)
    if values["account_id"] != row["account_id"]:
        owners = {"account_id": values["account_id"], "before": row["account_id"]}
        ctx.publish(ConversationLinked(conversation_id=row["id"], **owners))
    if differing and not thread.joined:  # of what is joined the labels are, before it is analysed
        ctx.publish(AnalyseConversationNote(conversation_fs_id=row["id"]), batch=batch)
    return added


def _tell(ctx: Context, values: dict[str, Any], found: Sequence[Incoming], *, undated: bool) -> None:
    """What was said at a meeting is its transcript; a moment later, so that one sent in beside it is there.

    What was said in a channel of Slack is to be summarised.
    """
    if found and values["channel"] == "meeting":
        undated = undated and all(each.given.sent_at is None for each in found)
        attach = AttachTranscript(conversation_id=values["id"], undated=undated)
        ctx.publish(attach, deliver_after=ctx.now + MINUTE)
    windows.mark(ctx, values, found)


async def _account(ctx: Context, everyone: dict[str, Person]) -> str | None:
    """The account that the participants belong to, by a contact's address or by an account's domain."""
    emails = [who.email for who in everyone.values() if who.email]
    found: list[str | None] = await ctx.query(FindAccounts(people=[emails])) if emails else [None]
    return found[0]
