"""Find the turns of a meeting that answer a question."""

from functools import partial

from anyio import to_thread
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import TranscriptLine
from needlework.handlers.meetings import store
from needlework.handlers.meetings.messages import AskMeeting, MeetingAnswers, TurnFound
from needlework.handlers.meetings.spoken import spoken
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.evidence import Evidence, Found
from needlework.handlers.text.summarise import Turn


@subscribe(AskMeeting, runner="content")
async def ask(message: AskMeeting, ctx: Context) -> MeetingAnswers:
    """The likeliest turn first. Raises Refuse 404, and 409 where there is no transcript (yet)."""
    row = await store.existing(ctx, message.id)
    lines = await spoken(ctx, row)
    if not lines:
        reason = f"meeting {message.id} has no transcript (yet): send it to /api/meetings/{message.id}/transcript"
        raise Refuse(409, "no_transcript", reason)
    found = await to_thread.run_sync(partial(_answers, lines, message.q, message.limit))
    return MeetingAnswers(message.id, row["conversation_id"], [_shown(lines[each.turn], each) for each in found])


def _answers(lines: list[TranscriptLine], question: str, most: int) -> list[Found]:
    turns = [Turn(line.sender, line.text) for line in lines]
    return Evidence(turns, shared_encoder()).find(question, most)


def _shown(line: TranscriptLine, found: Found) -> TurnFound:
    return TurnFound(
        turn=found.turn + 1,
        message_id=line.id,
        speaker=line.sender,
        start=found.start,
        end=found.end,
        quote=line.text[found.start : found.end],
        score=round(found.score, 4),
    )
