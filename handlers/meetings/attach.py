"""Find the meeting whose transcript a conversation is, or make one."""

import re
from datetime import datetime

from needlework.bus.clock import micros
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import Conversation, ReadConversation
from needlework.handlers.meetings import store, summaries
from needlework.handlers.meetings.messages import AttachTranscript
from needlework.handlers.times import MINUTE

NEAR = 20 * MINUTE
"""How far from a meeting's stated start its first words may be."""
_WORD = re.compile(r"\w{3,}")


@subscribe(AttachTranscript, runner="content")
async def attach(message: AttachTranscript, ctx: Context) -> dict[str, str]:
    """By the conversation it names, else by start and title; what fits no meeting is a meeting of its own."""
    said: Conversation = await ctx.query(ReadConversation(id=message.conversation_id, limit=1))
    place = {"workspace": ctx.workspace.id, "conversation": said.id}
    start, last = (micros(datetime.fromisoformat(text)) for text in (said.started_at, said.last_message_at))
    row = await ctx.db.one(store.sql("meeting_of_conversation", **place)) or await _fitting(ctx, said, start)
    if row is not None:
        ctx.write(store.sql("set_transcript", 1, id=row["id"], now=ctx.now, **place))
        summaries.expect(ctx, row["id"], row["ends_at"] or last, content=True)
        return {"meeting_id": row["id"]}
    stated = {"title": said.subject or "Meeting", "external_id": f"conversation:{said.id}", "starts_at": start}
    stated |= {"ends_at": last, "tz": None, "status": None, "attendees": None, "facts": None}
    saved = store.MEETINGS.save(ctx, None, None, stated | {"conversation_id": said.id})
    ctx.write(store.sql("set_transcript", 1, id=saved.id, now=ctx.now, **place))
    summaries.expect(ctx, saved.id, last, content=True)
    return {"meeting_id": saved.id}


async def _fitting(ctx: Context, said: Conversation, start: int) -> store.Row | None:
    """The only meeting that began then, or of several the one whose title says the same."""
    span = {"early": start - NEAR, "late": start + NEAR}
    rows = await ctx.db.all(store.sql("meetings_at", workspace=ctx.workspace.id, **span))
    if len(rows) == 1:
        return rows[0]
    named = set(_WORD.findall(said.subject.lower()))
    fitting = [row for row in rows if named & set(_WORD.findall(row["title"].lower()))]
    return fitting[0] if len(fitting) == 1 else None
