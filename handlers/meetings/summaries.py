"""When a meeting's summary is due, and what stands in it."""

from needlework.bus.context import Context
from needlework.handlers.meetings.messages import SummariseMeeting
from needlework.handlers.times import MINUTE
from needlework.handlers.words import content_hash

SETTLE = 5 * MINUTE
"""After the end of a meeting."""
PATIENCE = 120 * MINUTE
"""How long a transcript is waited for."""


def expect(ctx: Context, meeting: str, end: int, *, content: bool = False) -> None:
    """Have a meeting summarised soon after its end; one that ended long ago only where there is something to read."""
    if content or end + SETTLE + PATIENCE >= ctx.now:
        ctx.publish(SummariseMeeting(meeting_id=meeting), deliver_after=max(end + SETTLE, ctx.now))


def call_off(ctx: Context, meeting: str) -> None:
    """End the summary that waits for a meeting: it takes place no more. What waits runs now, and finds that out."""
    ctx.publish(SummariseMeeting(meeting_id=meeting))


def note_of(meeting: str) -> str:
    """The id of a meeting's summary."""
    return f"note_{content_hash('meeting_summary', meeting)[:26]}"
