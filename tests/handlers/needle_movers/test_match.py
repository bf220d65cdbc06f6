"""Matching a content on demand: what it fits, why, and linking it as the runner would."""

from typing import Any

import msgspec
import pytest
from needlework.handlers.needle_movers.match_messages import ApplyMatch, MatchContent
from needlework.handlers.needle_movers.messages import ListEvidence
from needlework.handlers.notes.messages import IngestNote
from needlework.tests.handlers.needle_movers import kit

pytestmark = pytest.mark.anyio
Desk = Any

LIKE = "Hello. Our CSV export fails with an error, the table has 9,000 rows. Have a nice day."


async def emerged(desk: Desk, say: Any) -> str:
    return str((await kit.emerged(desk, say))["id"])


async def test_a_text_is_matched_by_its_best_sentence(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    found = await desk(MatchContent(text=LIKE, kind="issue", account_id="acct_acme"))
    assert found["best"] == mover
    (match,) = found["matches"]
    assert match["decision"] == "link"
    assert set(match["components"]) == {"embedding", "lexical", "compat", "account"}
    assert (match["components"]["compat"], match["components"]["account"]) == (1, 1)
    place = match["evidence"]
    assert LIKE[place["start"] : place["end"]] == place["quote"]
    assert "CSV export" in place["quote"]


async def test_a_text_that_fits_nothing_is_told_so(desk: Desk, say: Any) -> None:
    await emerged(desk, say)
    found = await desk(MatchContent(text="The weather in Lisbon was lovely."))
    assert found["best"] is None
    assert {each["decision"] for each in found["matches"]} <= {"none"}
    assert (await desk(MatchContent(text="The weather in Lisbon was lovely.", threshold=0.5)))["matches"] == []


async def test_matching_changes_nothing_and_applying_links_once(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    talk = await say("acme", "Again our CSV export fails with an error for 9,000 rows.", match=False)
    before = (await desk(ListEvidence(id=mover)))["items"]
    found = await desk(MatchContent(conversation_fs_id=talk))
    assert found["best"] == mover
    assert (await desk(ListEvidence(id=mover)))["items"] == before
    applied = await desk(ApplyMatch(conversation_fs_id=talk))
    assert (applied["best"], applied["matches"][0]["decision"]) == (mover, "link")
    after = (await desk(ListEvidence(id=mover)))["items"]
    assert len(after) == 4
    assert await desk(ApplyMatch(conversation_fs_id=talk)) == applied
    assert (await desk(ListEvidence(id=mover)))["items"] == after
    label = after[-1]["content_label_id"]
    assert (await desk(MatchContent(content_label_id=label)))["matches"][0]["evidence"]["content_label_id"] == label


async def test_a_note_is_matched_in_the_version_asked_for(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    note = await desk(IngestNote(body_md="They say that the CSV export fails with an error for many rows."))
    await desk.drain()
    assert (await desk(MatchContent(note_id=note["id"], note_version="v1")))["best"] == mover


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "exactly one"),
        ({"text": "a", "note_id": "note_1"}, "exactly one"),
        ({"text": "  "}, "empty"),
        ({"text": "a", "apply": True}, "apply"),
        ({"text": "a", "top_k": 51}, "top_k"),
        ({"text": "a", "threshold": 1.5}, "threshold"),
        ({"note_id": "note_1", "note_version": "1"}, "note_version"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError), match=words):
        msgspec.convert(fields, MatchContent)


@pytest.mark.parametrize(
    "fields", [{"conversation_fs_id": "conv_none"}, {"note_id": "note_none"}, {"content_label_id": "label_none"}]
)
async def test_what_does_not_exist_is_refused(desk: Desk, fields: dict[str, str]) -> None:
    assert await desk.refusal(ApplyMatch(**fields)) == (404, "not_found")
