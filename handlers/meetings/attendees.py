"""Who was at a meeting took part in what was said there, by the address that its calendar gives."""

from collections.abc import Iterable

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.handlers.conversations.messages import IngestConversation, ReadConversation
from needlework.handlers.meetings import store
from needlework.handlers.people import Person


def of(row: store.Row) -> list[Person]:
    """The attendees of a meeting's row."""
    return msgspec.json.decode(row["attendees"], type=list[Person])


async def take_part(ctx: Context, conversation: str, people: Iterable[Person]) -> None:
    """Collect that those with an address took part in a conversation, if there is one: they may tell its account."""
    known: list[Person | str] = [each for each in people if each.email]
    if not known:
        return
    try:
        read = await ctx.query(ReadConversation(id=conversation, limit=1))
    except Refuse:  # it is named, and not there yet
        return
    ctx.publish(IngestConversation(id=read.id, participants=known))
