"""What is known of accounts has changed: evidence learns whose it is, and impacts are measured anew."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import ConversationLinked
from needlework.handlers.needle_movers import measuring, store
from needlework.handlers.needle_movers.messages import MatchEntity, MeasureMovers
from needlework.handlers.notes.messages import NotesAbout

PAGE = 50


@subscribe(ConversationLinked, runner="needle_mover")
async def linked(message: ConversationLinked, ctx: Context) -> None:
    """The conversation, and the notes about it, are looked at again where anything of them is kept."""
    notes = await ctx.query(NotesAbout(conversation_id=message.conversation_id))
    contents = msgspec.json.encode([message.conversation_id, *notes]).decode()
    rows = await ctx.db.all(store.sql("kept_of", workspace=ctx.workspace.id, contents=contents))
    for row in rows:
        ctx.publish(MatchEntity(entity_type=row["content_type"], entity_id=row["content_id"]))


@subscribe(MeasureMovers, runner="needle_mover")
async def measure_all(message: MeasureMovers, ctx: Context) -> dict[str, int]:
    """A page at a time, in order; after a crash from the page on that was not done."""
    after, measured = ctx.cursor or ("", 0)
    while rows := await ctx.db.all(store.sql("standing", workspace=ctx.workspace.id, after=after, limit=PAGE)):
        measured += len(await measuring.measure(ctx, [row["id"] for row in rows]))
        after = rows[-1]["id"]
        await ctx.commit(cursor=(after, measured))
    return {"measured": measured}
