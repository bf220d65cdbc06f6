"""Find the meeting whose transcript a conversation is, or make one."""

import re
from datetime import datetime
from typing import NamedTuple

import msgspec
from needlework.bus.clock import micros
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import Conversation, ReadConversation, ReadTranscript, Transcript
from needlework.handlers.meetings import attendees, store, summaries
from needlework.handlers.meetings.messages import AttachTranscript, StartFrom
from needlework.handlers.times import DAY, MINUTE

NEAR = 20 * MINUTE
"""How far from a meeting's stated start its first words may be."""
BEFORE = 14 * DAY
"""How long a transcript without a date may lie about until it comes in: so far back a title is looked for."""
AGAIN = 90 * DAY
"""How long after a meeting its transcript, corrected or written by another program, is known again."""
ALIKE, READ = 0.8, 5
"""The share of turns that both transcripts have, and how many are compared."""
_WORD = re.compile(r"\w{3,}")
_ANY = re.compile(r"\w+")


class _Said(NamedTuple):
    """A transcript: its conversation, when it began and ended, and how far that is known."""

    conversation: Conversation
    start: int
    last: int
    known: StartFrom


@subscribe(AttachTranscript, runner="content")
async def attach(message: AttachTranscript, ctx: Context) -> dict[str, str]:
    """By the conversation it names, else by start and title; what fits no meeting is a meeting of its own."""
    read: Conversation = await ctx.query(ReadConversation(id=message.conversation_id, limit=1))
    place = {"workspace": ctx.workspace.id, "conversation": read.id}
    start, last = (micros(datetime.fromisoformat(text)) for text in (read.started_at, read.last_message_at))
    said = _Said(read, start, last, _known(read, message))
    row = await ctx.db.one(store.sql("meeting_of_conversation", **place)) or await _fitting(ctx, said)
    if row is not None:
        ctx.write(store.sql("set_transcript", 1, id=row["id"], now=ctx.now, **place))
        await attendees.take_part(ctx, read.id, attendees.of(row))
        summaries.expect(ctx, row["id"], row["ends_at"] or last, content=True)
        return {"meeting_id": row["id"], "start_from": store.start_from(row)}
    facts = None if said.known == "stated" else msgspec.json.encode({store.START_FROM: said.known}).decode()
    stated = {"title": read.subject or "Meeting", "external_id": f"conversation:{read.id}", "starts_at": start}
    stated |= {"ends_at": last, "tz": None, "status": None, "attendees": None, "facts": facts}
    saved = store.MEETINGS.save(ctx, None, None, stated | {"conversation_id": read.id})
    ctx.write(store.sql("set_transcript", 1, id=saved.id, now=ctx.now, **place))
    summaries.expect(ctx, saved.id, last, content=True)
    return {"meeting_id": saved.id, "start_from": said.known}


def _known(read: Conversation, message: AttachTranscript) -> StartFrom:
    if message.undated:
        return "now"
    origin = read.messages[0].facts.get("time_from") if read.messages else None
    return origin if origin in ("file", "day") else "stated"


async def _fitting(ctx: Context, said: _Said) -> store.Row | None:
    """The meeting of which this is the transcript: by its time where that is known, else by its very title.

    Then one of the same title whose transcript says the same: it was sent in before.
    """
    if said.known == "stated":
        found = await _begun_then(ctx, said)
    else:
        away = DAY // 2 if said.known == "day" else BEFORE
        late = said.start + (DAY // 2 if said.known == "day" else NEAR)
        rows = [row for row in await _titled(ctx, said, said.start - away, late) if row["conversation_id"] is None]
        found = rows[0] if rows else None if said.known == "day" else await _begun_then(ctx, said)
    return found or await _told_before(ctx, said)


async def _begun_then(ctx: Context, said: _Said) -> store.Row | None:
    """The only meeting that began then, or of several the one whose title says the same."""
    span = {"early": said.start - NEAR, "late": said.start + NEAR}
    rows = await ctx.db.all(store.sql("meetings_at", workspace=ctx.workspace.id, **span))
    if len(rows) == 1:
        return rows[0]
    named = set(_WORD.findall(said.conversation.subject.lower()))
    fitting = [row for row in rows if named & set(_WORD.findall(row["title"].lower()))]
    return fitting[0] if len(fitting) == 1 else None


async def _titled(ctx: Context, said: _Said, early: int, late: int) -> list[store.Row]:
    """Meetings of that time with the very title, the latest first."""
    title = _plain(said.conversation.subject)
    if not title:
        return []
    rows = await ctx.db.all(store.sql("meetings_around", workspace=ctx.workspace.id, early=early, late=late))
    return [row for row in rows if _plain(row["title"]) == title]


async def _told_before(ctx: Context, said: _Said) -> store.Row | None:
    """A meeting of this title whose transcript has nearly all the turns of this one."""
    rows = await _titled(ctx, said, said.start - AGAIN, max(said.start, ctx.now))
    rows = [row for row in rows if row["conversation_id"] is not None][:READ]
    mine = await _turns(ctx, said.conversation.id) if rows else frozenset()
    for row in rows:
        theirs = await _turns(ctx, row["conversation_id"])
        if mine and len(mine & theirs) >= ALIKE * max(len(mine), len(theirs)):
            return row
    return None


async def _turns(ctx: Context, conversation: str) -> frozenset[str]:
    try:
        said: Transcript = await ctx.query(ReadTranscript(id=conversation))
    except Refuse:
        return frozenset()
    return frozenset(_plain(line.text) for line in said.lines) - {""}


def _plain(text: str) -> str:
    """Its words alone: capitals and signs make no difference."""
    return " ".join(_ANY.findall(text.casefold()))
