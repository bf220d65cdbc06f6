"""Reading and saving conversations: rows in, statements out."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries, Statement
from needlework.handlers.conversations.merge import Incoming
from needlework.handlers.conversations.messages import (
    ConversationInput,
    ConversationMessage,
    ConversationSummary,
)
from needlework.handlers.people import Person
from needlework.handlers.times import read_time, show
from needlework.handlers.words import clean, domain_of

sql = Queries(Path(__file__).with_name("queries.sql"))
Row = Any


async def find(ctx: Context, given: ConversationInput) -> Row | None:
    """The stored conversation that `given` means, if there is one. Raises Refuse 409 where it means two."""
    row = None if given.id is None else await known(ctx, given.id)
    if row is not None or given.external_id is None:
        return row
    values = {"connection": given.connection_id, "external_id": clean(given.external_id)}
    row = await ctx.db.one(sql("find_by_external_id", workspace=ctx.workspace.id, **values))
    row = row or await ctx.db.one(sql("find_joined_by_external_id", workspace=ctx.workspace.id, **values))
    if row is not None and given.id is not None:
        raise Refuse(409, "external_id_taken", f"external_id {given.external_id!r} belongs to conversation {row['id']}")
    return row


async def known(ctx: Context, id: str) -> Row | None:
    """Conversation `id`, or the one that it became a part of."""
    values = {"workspace": ctx.workspace.id, "id": id}
    return await ctx.db.one(sql("find_conversation", **values)) or await ctx.db.one(sql("find_joined", **values))


async def existing(ctx: Context, id: str) -> Row:
    """Conversation `id`, or the one that it became a part of. Raises Refuse 404."""
    row = await known(ctx, id)
    if row is None:
        raise Refuse(404, "not_found", f"no conversation {id!r} in this workspace")
    return row


async def changed(ctx: Context, conversations: Sequence[str], found: Sequence[Incoming]) -> tuple[list[Incoming], int]:
    """Those of `found` that are new or differ from what is stored, and how many of them are new."""
    values = {"identities": [each.identity for each in found], "conversations": conversations}
    encoded = {name: msgspec.json.encode(value).decode() for name, value in values.items()}
    rows = await ctx.db.all(sql("known_messages", workspace=ctx.workspace.id, **encoded))
    stored = {row["identity"]: row for row in rows}
    differing = []
    for each in found:
        row = stored.get(each.identity)
        if row is None:
            differing.append(each)
        elif row["content_hash"] != each.hash:
            # A correction that states no time happened when the message did.
            differing.append(each if each.given.sent_at is not None else each._replace(sent_at=row["sent_at"]))
    return differing, sum(each.identity not in stored for each in differing)


THREADED = ("email", "slack")
"""Where what answers comes with a subject of its own."""
COLUMNS = (
    "id",
    "connection_id",
    "channel",
    "channel_id",
    "external_id",
    "subject",
    "account_id",
    "account_stated",
    "started_at",
    "last_message_at",
    "status",
    "message_count",
    "revision",
    "queued_at",
)


def fresh(ctx: Context, given: ConversationInput) -> dict[str, Any]:
    """The columns of a conversation that is not stored yet; its times are still open."""
    empty: dict[str, Any] = dict.fromkeys(COLUMNS)
    empty |= {"id": given.id or ctx.new_id("conv"), "channel": "chat", "status": "open", "subject": ""}
    empty |= {"connection_id": given.connection_id, "message_count": 0, "revision": 0, "account_stated": 0}
    return merged(empty, given, ())


def merged(row: Row, given: ConversationInput, found: Sequence[Incoming]) -> dict[str, Any]:
    """The columns of `row` with what `given` states; what it leaves out stays."""
    values = {name: row[name] for name in COLUMNS}
    for name in ("channel", "channel_id", "account_id", "status"):
        values[name] = getattr(given, name) or values[name]
    values["account_stated"] = 1 if given.account_id else values["account_stated"]
    if given.subject is not None and (not found or not values["subject"] or _begins(values, given, found)):
        values["subject"] = clean(given.subject)
    if given.external_id and not values["external_id"]:
        values |= {"external_id": clean(given.external_id), "connection_id": given.connection_id}
    return values


def _begins(values: dict[str, Any], given: ConversationInput, found: Sequence[Incoming]) -> bool:
    """Whether a subject comes with what was said first: in a thread what answers it says “Re: …”, or nothing of it."""
    if values["channel"] not in THREADED:
        return True
    first = min(found, key=lambda each: (each.sent_at, each.given.reply_to is not None))
    times = [first.sent_at] if given.started_at is None else [first.sent_at, read_time(given.started_at)]
    begun = min(times)
    return begun < values["started_at"] or (begun == values["started_at"] and first.given.reply_to is None)


def widen(values: dict[str, Any], given: ConversationInput, messages: Sequence[Incoming], now: int) -> None:
    """Widen `started_at` and `last_message_at` to what is stated and to the messages."""
    stated = [read_time(time) for time in (given.started_at, given.last_message_at) if time is not None]
    known = [time for time in (values["started_at"], values["last_message_at"]) if time is not None]
    times = [each.sent_at for each in messages] + stated + known or [now]
    values["started_at"], values["last_message_at"] = min(times), max(times)


def save_messages(ctx: Context, conversation: str, messages: Sequence[Incoming], now: int) -> None:
    """Store messages, new or changed."""
    for each in messages:
        ctx.write(
            sql(
                "put_message",
                id=ctx.new_id("cmsg"),
                workspace=ctx.workspace.id,
                conversation=conversation,
                now=now,
                **each.columns(),
            )
        )


def save_people(ctx: Context, conversation: str, people: dict[str, Person], now: int) -> None:
    """Store participants; those known already stay as they are."""
    for key, who in people.items():
        ctx.write(
            sql(
                "put_participant",
                id=ctx.new_id("part"),
                workspace=ctx.workspace.id,
                conversation=conversation,
                address=key,
                name=who.name,
                email=who.email,
                domain=domain_of(who.email),
                now=now,
            )
        )


async def unknown_people(ctx: Context, conversation: str, people: dict[str, Person]) -> dict[str, Person]:
    """Those of `people` of whom the conversation does not know yet, or not the name."""
    rows = await ctx.db.all(sql("participants", workspace=ctx.workspace.id, conversation=conversation))
    named = {row["address"]: row["name"] for row in rows}
    return {key: who for key, who in people.items() if key not in named or (who.name and not named[key])}


def head(row: Row) -> dict[str, Any]:
    """A row as the fields of `ConversationHead`."""
    shown = {
        name: show(row[name]) for name in ("started_at", "last_message_at", "analyzed_at", "created_at", "updated_at")
    }
    same = (
        "id",
        "channel",
        "channel_id",
        "external_id",
        "subject",
        "account_id",
        "status",
        "message_count",
        "analyzed_message_id",
    )
    values = {name: row[name] for name in same}
    return {**values, **shown, "fs_id": row["id"], "connection_id": row["connection_id"] or None}


def summary(row: Row) -> ConversationSummary:
    """A row of a list."""
    return ConversationSummary(**head(row), labels=sorted(row["labels"].split(",")) if row["labels"] else [])


def message(row: Row) -> ConversationMessage:
    """A row of `conversation_messages` as the API shows it."""
    return ConversationMessage(
        id=row["id"],
        external_id=row["external_id"],
        sender=Person(row["sender_name"], row["sender_email"], row["sender_id"]),
        sent_at=show(row["sent_at"]) or "",
        text=row["text"],
        reply_to=row["reply_to"],
        html_ref=row["html_ref"],
        facts=msgspec.json.decode(row["facts"]),
        attachments=msgspec.json.decode(row["attachments"]),
    )


def participants(rows: Sequence[Row]) -> list[Person]:
    """Rows of `conversation_participants` as the API shows them, each person once.

    Who is known by a name alone is the one who has that name and an address (or id), where there is one and no other.
    """
    known = Counter(_folded(row["name"]) for row in rows if row["address"] != row["name"])
    return [_participant(row) for row in rows if row["address"] != row["name"] or known[_folded(row["name"])] != 1]


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _participant(row: Row) -> Person:
    named = row["name"] or row["email"]
    return Person(row["name"], row["email"], "" if named else row["address"])


def guarded(name: str, ctx: Context, now: int, values: dict[str, Any]) -> Statement:
    """`insert_conversation` or `update_conversation`, which must change exactly one row."""
    return sql(name, 1, workspace=ctx.workspace.id, now=now, **values)
