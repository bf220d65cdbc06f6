"""Find the notes about a conversation, for other groups."""

from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.notes import store
from needlework.handlers.notes.messages import NotesAbout


@subscribe(NotesAbout, runner="content")
async def about(message: NotesAbout, ctx: Context) -> list[str]:
    """Their ids."""
    rows = await ctx.db.all(store.sql("about", workspace=ctx.workspace.id, conversation=message.conversation_id))
    return [row["id"] for row in rows]
