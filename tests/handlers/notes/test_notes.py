"""Notes and their versions."""

from typing import Any

import pytest
from needlework.bus.errors import Refuse
from needlework.handlers.notes.messages import IngestNote, ListNotes, NoteInput, ReadNote, UpdateNote

pytestmark = pytest.mark.anyio
Desk = Any


async def test_the_first_version_is_v1_and_other_content_the_next(desk: Desk) -> None:
    first = await desk(IngestNote(external_id="n1", title="Plan", body_md="Ship on Monday."))
    assert first == {"id": first["id"], "created": True, "version": "v1"}
    second = await desk(IngestNote(external_id="n1", body_md="Ship on Tuesday."))
    assert second == {"id": first["id"], "created": False, "version": "v2"}
    read = await desk(ReadNote(id=first["id"]))
    assert (read["title"], read["body_md"], read["version"]) == ("Plan", "Ship on Tuesday.", "v2")
    old = await desk(ReadNote(id=first["id"], version="v1"))
    assert (old["body_md"], old["shown_version"], old["version"]) == ("Ship on Monday.", "v1", "v2")


async def test_the_same_content_is_no_new_version(desk: Desk) -> None:
    message = IngestNote(external_id="n1", title="Plan", body_md="Ship.")
    first = await desk(message)
    await desk.drain()
    before = await desk(ReadNote(id=first["id"]))
    desk.clock.advance(60)
    assert (await desk(message))["version"] == "v1"
    assert (await desk(UpdateNote(id=first["id"], body_md="Ship.")))["version"] == "v1"
    await desk.drain()
    assert await desk(ReadNote(id=first["id"])) == before
    queued = await desk.bus.messages(desk.workspace, topic="conversation_note_analysis")
    assert len(queued["items"]) == 1


async def test_a_note_may_bring_its_id_and_is_updated_under_it(desk: Desk) -> None:
    await desk(IngestNote(id="note_456", body_md="One."))
    assert await desk(UpdateNote(id="note_456", title="Now with title")) == {
        "id": "note_456",
        "created": False,
        "version": "v2",
    }
    assert (await desk(ReadNote(id="note_456")))["body_md"] == "One."


async def test_a_change_made_from_another_version_than_the_current_one_overwrites_nothing(desk: Desk) -> None:
    await desk(IngestNote(id="note_1", title="Plan", body_md="One.", author="Jo"))
    assert (await desk(UpdateNote(id="note_1", body_md="Two.", version="v1")))["version"] == "v2"
    outcome = await desk.outcome(UpdateNote(id="note_1", body_md="Three.", version="v1"))
    assert (outcome.kind, outcome.data["status"], outcome.data["code"]) == ("refused", 409, "changed_meanwhile")
    assert "v2" in outcome.data["errors"][0]["message"]
    read = await desk(ReadNote(id="note_1"))
    assert (read["body_md"], read["version"], read["author"]) == ("Two.", "v2", "Jo"), "what is left out stays"


async def test_a_list_is_searched_in_its_current_versions_only(desk: Desk) -> None:
    saved = await desk(IngestNote(items=[NoteInput(external_id=name, body_md=f"{name} rocks") for name in "ab"]))
    await desk(UpdateNote(id=saved[0]["id"], body_md="Nothing left."))
    found = await desk(ListNotes(q="rocks"))
    assert [each["id"] for each in found["items"]] == [saved[1]["id"]]
    pages = await desk(ListNotes(limit=1))
    rest = await desk(ListNotes(limit=1, cursor=pages["next_cursor"]))
    assert {pages["items"][0]["id"], rest["items"][0]["id"]} == {each["id"] for each in saved}
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("message", [ReadNote(id="note_none"), ReadNote(id="note_1", version="v9")])
async def test_an_unknown_note_or_version_is_404(desk: Desk, message: ReadNote) -> None:
    await desk(IngestNote(id="note_1", body_md="One."))
    with pytest.raises(Refuse) as refused:
        await desk(message)
    assert refused.value.status == 404


async def test_updates_of_one_note_at_once_are_versions_in_a_row(desk: Desk) -> None:
    await desk(IngestNote(id="note_1", body_md="0"))
    for number in range(1, 6):
        await desk.publish(UpdateNote(id="note_1", body_md=str(number)))
        await desk.publish(IngestNote(id="note_1", title=f"Title {number}"))
    await desk.drain()
    read = await desk(ReadNote(id="note_1"))
    assert (read["version"], read["body_md"]) == ("v11", "5")
    assert read["title"] in {f"Title {number}" for number in range(1, 6)}, "note.ingest is not ordered: any may be last"


@pytest.mark.parametrize("fields", [{}, {"id": "n", "body_md": ""}, {"external_id": "x"}])
def test_a_note_that_says_nothing_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        NoteInput(**fields)
