"""Read one meeting."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.meetings import store
from needlework.handlers.meetings.messages import MeetingDetails, ReadMeeting


@subscribe(ReadMeeting, runner="content")
async def read(message: ReadMeeting, ctx: Context) -> MeetingDetails:
    """The meeting with its transcript's conversation and its summary's note. Raises Refuse 404."""
    row = await store.existing(ctx, message.id)
    more = {name: row[name] for name in ("uid", "recurrence_id", "transcript_state", "summary_note_id")}
    return MeetingDetails(**msgspec.structs.asdict(store.meeting(row)), calendar_id=row["connection_id"], **more)
