"""The whole text of a conversation, for the groups that read it."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations import store
from needlework.handlers.conversations.messages import ReadTranscript, Transcript, TranscriptLine
from needlework.handlers.conversations.read import EARLIEST
from needlework.handlers.conversations.windows import is_said

PAGE = 500


@subscribe(ReadTranscript, runner="content")
async def transcript(message: ReadTranscript, ctx: Context) -> Transcript:
    """All that people have written, in order: what a bot posts (a log, a build) proves nothing about anybody.

    The revision is read first: what comes later is analysed again, never missed.
    """
    row = await store.existing(ctx, message.id)
    lines: list[TranscriptLine] = []
    place = {"sent_at": EARLIEST, "seq": 0}
    while True:
        rows = await ctx.db.all(
            store.sql("messages_page", workspace=ctx.workspace.id, conversation=row["id"], limit=PAGE, **place)
        )
        people = [each for each in rows if is_said(msgspec.json.decode(each["facts"]))]
        lines += [TranscriptLine(each["id"], _sender(each), each["text"]) for each in people]
        if len(rows) < PAGE:
            return Transcript(row["id"], row["channel"], row["subject"], row["revision"], lines)
        place = {"sent_at": rows[-1]["sent_at"], "seq": rows[-1]["seq"]}


def _sender(row: store.Row) -> str:
    return str(row["sender_email"] or row["sender_name"] or row["sender_id"])
