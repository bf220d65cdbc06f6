"""Which thread a mail belongs to: mails name each other by their ids, whichever of them comes first.

Each mail is known by its own id and by those that it answers (its parent's, its thread's first one). What knows one of
them already is its thread; where it shows that two conversations are one, they become one.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from needlework.bus.context import Context
from needlework.handlers.conversations import store
from needlework.handlers.conversations.messages import ConversationInput, ConversationJoined
from needlework.handlers.words import clean

EMAIL = "email"


class Thread(NamedTuple):
    """Conversations that are parts of the one that is told of, and names of mails that nothing is known by yet."""

    joined: Sequence[store.Row] = ()
    unknown: Sequence[str] = ()


def names(given: ConversationInput, channel: str | None = None) -> list[str]:
    """What the mails of an input are known by; nothing for what is no mail, or has ids that others may have too."""
    if (given.channel or channel) != EMAIL:
        return []
    said = [name for each in given.messages for name in (each.external_id, each.reply_to)]
    return list(dict.fromkeys(clean(name) for name in (given.external_id, *said) if name and _is_unique(name)))


def _is_unique(name: str) -> bool:
    """Whether it is an id of a mail, `left@right`: a mere number may be that of another mail elsewhere."""
    left, at, right = name.partition("@")
    return bool(left and at and right)


async def find(ctx: Context, given: ConversationInput, row: store.Row | None) -> tuple[store.Row | None, Thread]:
    """The conversation that `given` belongs to (`row`, where it is known by other means), and what else it tells.

    Who names a conversation by its own id gets that one.
    """
    mails = names(given, row and row["channel"])
    if not mails:
        return row, Thread()
    known = await _known(ctx, given.connection_id if row is None else row["connection_id"], mails)
    told = {each["mail"] for each in known}
    unknown = [mail for mail in mails if mail not in told]
    if given.id is not None:
        return row, Thread(unknown=unknown)
    rows = {each["id"]: each for each in ([row] if row is not None else [])}
    rows |= {each["id"]: each for each in known if each["channel"] == EMAIL}
    first, *others = sorted(rows.values(), key=lambda each: each["seq"]) or [None]
    return first, Thread(others, unknown)


async def stored(ctx: Context, given: ConversationInput) -> list[str]:
    """The conversations that the mails of an input belong to."""
    mails = names(given)
    return [row["id"] for row in await _known(ctx, given.connection_id, mails)] if mails else []


async def _known(ctx: Context, connection: str, mails: Sequence[str]) -> list[store.Row]:
    values = {"workspace": ctx.workspace.id, "connection": connection, "mails": _json(mails)}
    return await ctx.db.all(store.sql("threads_of", **values))


def keep(ctx: Context, conversation: str, connection: str, mails: Sequence[str]) -> None:
    """Collect that these mails belong to a conversation; the guard sees where another message said so meanwhile."""
    if mails:
        values = {"connection": connection, "conversation": conversation, "mails": _json(mails), "now": ctx.now}
        ctx.write(store.sql("put_threads", len(mails), workspace=ctx.workspace.id, **values))


async def whole(ctx: Context, row: store.Row, joined: Sequence[store.Row]) -> dict[str, Any]:
    """The columns of a conversation with what the others bring."""
    parts = [row, *joined]
    values = {name: row[name] for name in store.COLUMNS}
    values["subject"] = min(parts, key=lambda each: int(each["started_at"]))["subject"]
    values["started_at"] = min(each["started_at"] for each in parts)
    values["last_message_at"] = max(each["last_message_at"] for each in parts)
    owned = next((each for each in parts if each["account_id"] is not None), row)
    values |= {"account_id": owned["account_id"], "account_stated": owned["account_stated"]}
    values["message_count"] = sum(each["message_count"] for each in parts)
    for each in joined:
        place = {"workspace": ctx.workspace.id, "id": each["id"], "into": row["id"]}
        values["message_count"] -= await ctx.db.value(store.sql("count_doubled", **place))
    return values


def join(ctx: Context, joined: Iterable[store.Row], values: dict[str, Any], batch: str | None) -> None:
    """Collect that these are parts of the conversation with the columns `values`, for good; others are told of each."""
    for row in joined:
        place = {"workspace": ctx.workspace.id, "id": row["id"], "into": values["id"], "now": ctx.now}
        moves = ("move_messages", "move_participants", "move_threads", "move_joins", "put_join")
        ctx.write(*(store.sql(name, **place) for name in moves))
        drops = ("drop_doubled_messages", "drop_doubled_participants")
        ctx.write(*(store.sql(name, workspace=ctx.workspace.id, id=row["id"]) for name in drops))
        seen = {"seen_revision": row["revision"], "seen_updated": row["updated_at"]}
        ctx.write(store.sql("drop_conversation", 1, workspace=ctx.workspace.id, id=row["id"], **seen))
        owners = {"account_id": values["account_id"], "before": row["account_id"]}
        ctx.publish(ConversationJoined(conversation_id=row["id"], into=values["id"], **owners), batch=batch)


def _json(values: Sequence[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
