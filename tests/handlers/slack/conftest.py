"""A desk whose default workspace has a Slack: the fake one, over real HTTP."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.peers import Peer
from needlework.handlers.notes.messages import IngestNote, NotePublished
from needlework.handlers.slack.messages import ListDeliveries, SubscribeChannel

sys.path.insert(0, str(Path(__file__).parents[2] / "crash"))

from fake_slack import FakeSlack, fake_slack


@pytest.fixture
def slack_and_address() -> Iterator[tuple[FakeSlack, str]]:
    with fake_slack() as both:
        yield both


class Office:
    """A desk beside a Slack, with one channel that wants meeting summaries."""

    def __init__(self, desk: Any, slack: FakeSlack) -> None:
        self.desk, self.slack = desk, slack

    async def publish(self, body: str, *, note: str = "note_1", title: str = "Weekly") -> None:
        """Save a version of a summary and publish it; wait until nothing is due."""
        saved = await self.desk(IngestNote(id=note, kind="meeting_summary", title=title, body_md=body))
        await self.desk.publish(NotePublished(note_id=note, version=saved["version"], kind="meeting_summary"))
        await self.desk.drain()

    async def later(self, seconds: float) -> None:
        """Let time pass, and what is due then run."""
        self.desk.clock.advance(seconds)
        await self.desk.drain()

    async def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery, oldest first."""
        found: list[dict[str, Any]] = (await self.desk(ListDeliveries()))["items"]
        return found[::-1]


@pytest.fixture
async def office(desk: Any, slack_and_address: tuple[FakeSlack, str]) -> Office:
    slack, address = slack_and_address
    desk.bus.controls.peers["slack", "default"] = Peer(address, lambda: "xoxb-test")
    await desk(SubscribeChannel(id="C01"))
    return Office(desk, slack)
