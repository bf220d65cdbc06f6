"""What `serve --demo` puts into its data directory: the sample workspace, once."""

from needlework.bus.bus import Bus
from needlework.bus.records import Publication
from needlework.handlers.conversations.messages import ListConversations
from needlework.handlers.meetings.calendar_messages import IngestCalendar
from needlework.handlers.sample.plans import calendar_text
from needlework.handlers.sample.workspace import sample_items


async def fill_sample(bus: Bus) -> None:
    """Put the sample in where there is nothing yet; a second start publishes nothing."""
    workspace = bus.workspaces.by_name["default"]
    there = await bus.query(ListConversations(limit=1), workspace=workspace, principal="demo")
    if not there.items:
        now = bus.clock.now()
        items = [*sample_items(now), IngestCalendar(name="Quayside", text=calendar_text(now))]
        await bus.publish_all([Publication(message=item, workspace=workspace, principal="demo") for item in items])
