"""What was said at a meeting, from the conversation that is its transcript."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.handlers.conversations.messages import ReadTranscript, Transcript, TranscriptLine
from needlework.handlers.meetings.store import Row


async def spoken(ctx: Context, meeting: Row) -> list[TranscriptLine]:
    """The turns that say anything; none while the transcript's conversation is not there yet."""
    if meeting["conversation_id"] is None:
        return []
    try:
        said: Transcript = await ctx.query(ReadTranscript(id=meeting["conversation_id"]))
    except Refuse:
        return []
    return [line for line in said.lines if line.text.strip()]
