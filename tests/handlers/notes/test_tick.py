"""The notes' tick: a version is queued once, a draft is analysed when it is final; versions are listed."""

from typing import Any

import pytest
from needlework.handlers.notes.messages import IngestNote, ListNoteVersions, ReadNote, TickNotes, UpdateNote

pytestmark = pytest.mark.anyio
Desk = Any
HOUR = 3_600
RISK = "We are seriously considering cancelling our subscription."
TOPIC = "conversation_note_analysis"


async def tick(desk: Desk) -> tuple[int, int]:
    found = await desk(TickNotes())
    return found["notes_queued"], found["finalised"]


async def queued(desk: Desk) -> int:
    return len((await desk.bus.messages(desk.workspace, topic=TOPIC))["items"])


async def test_a_version_whose_analysis_is_lost_is_queued_once(desk: Desk) -> None:
    await desk.bus.pause("conversation_note_analysis_processor", "test")
    saved = await desk(IngestNote(body_md=RISK))
    assert await tick(desk) == (0, 0)
    (lost,) = (await desk.bus.messages(desk.workspace, topic=TOPIC))["items"]
    await desk.bus.cancel(desk.workspace, lost["id"], "test")
    desk.clock.advance(16 * 60)
    assert await tick(desk) == (1, 0)
    assert await tick(desk) == (0, 0)
    await desk.bus.resume("conversation_note_analysis_processor", "test")
    await desk.drain()
    assert (await desk(ReadNote(id=saved["id"])))["analyzed_version"] == "v1"
    desk.clock.advance(16 * 60)
    assert await tick(desk) == (0, 0)


async def test_a_draft_is_analysed_a_day_after_its_last_change(desk: Desk) -> None:
    saved = await desk(IngestNote(body_md="We are", draft=True))
    await desk.drain()
    desk.clock.advance(23 * HOUR)
    await desk(UpdateNote(id=saved["id"], body_md=RISK))
    await desk.drain()
    desk.clock.advance(23 * HOUR)
    assert await tick(desk) == (0, 0)
    assert await queued(desk) == 0
    desk.clock.advance(HOUR)
    assert await tick(desk) == (1, 1)
    await desk.drain()
    read = await desk(ReadNote(id=saved["id"]))
    assert (read["draft"], read["analyzed_version"]) == (False, "v2")
    assert await tick(desk) == (0, 0)


async def test_a_draft_that_is_declared_final_is_analysed_at_once(desk: Desk) -> None:
    saved = await desk(IngestNote(body_md=RISK, draft=True))
    await desk.drain()
    assert (await desk(ReadNote(id=saved["id"])))["analyzed_version"] is None
    final = await desk(UpdateNote(id=saved["id"], draft=False))
    assert final["version"] == "v1"
    await desk.drain()
    assert (await desk(ReadNote(id=saved["id"])))["analyzed_version"] == "v1"


async def test_versions_are_listed_newest_first_in_pages(desk: Desk) -> None:
    saved = await desk(IngestNote(title="Plan", body_md="One.", author="Jo"))
    for text in ("Two.", "Three."):
        await desk(UpdateNote(id=saved["id"], body_md=text, author="Sam"))
    first = await desk(ListNoteVersions(id=saved["id"], limit=2))
    rest = await desk(ListNoteVersions(id=saved["id"], limit=2, cursor=first["next_cursor"]))
    found = [(each["version"], each["author"]) for page in (first, rest) for each in page["items"]]
    assert found == [("v3", "Sam"), ("v2", "Sam"), ("v1", "Jo")]
    assert rest["next_cursor"] is None


async def test_another_workspaces_notes_are_not_ticked_and_a_disabled_one_is_not_at_all(desk: Desk) -> None:
    saved = await desk(IngestNote(body_md=RISK, draft=True))
    desk.clock.advance(25 * HOUR)
    other = await desk.other("other")
    assert await tick(other) == (0, 0)
    await desk.bus.workspaces.set_config(desk.workspace, {"tick": {"disable": True}}, "test")
    assert await desk.refusal(TickNotes()) == (409, "tick_disabled")
    assert (await desk(ReadNote(id=saved["id"])))["draft"]
