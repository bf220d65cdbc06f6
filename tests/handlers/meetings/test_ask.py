"""A question to a meeting: the turns that answer it, quoted from the transcript as it stands."""

from typing import Any

import pytest
from needlework.bus.errors import Refuse
from needlework.handlers.conversations.messages import ReadConversation
from needlework.handlers.meetings.messages import AddTranscript, AskMeeting, IngestMeeting, TurnInput

pytestmark = pytest.mark.anyio
SAID = (
    ("Ada", "Welcome. Today we look at the export of large invoices."),
    ("Grace", "Um, so. The export runs out of memory, because every page is kept until the file is written."),
    ("Edsger", "We could stream the pages. It needs a tenth of the memory."),
    ("Ada", "  "),
    ("Ada", "What about the office party in December?"),
    ("Grace", "The restaurant by the river still has a table for twenty people."),
)


async def meeting(desk: Any) -> str:
    saved = await desk(IngestMeeting(title="Export review"))
    turns = [TurnInput(speaker=speaker, text=text) for speaker, text in SAID]
    await desk(AddTranscript(id=saved["id"], turns=turns))
    await desk.drain()
    return str(saved["id"])


async def test_a_question_finds_its_turn_and_quotes_the_message(desk: Any) -> None:
    id_ = await meeting(desk)
    found = await desk(AskMeeting(id=id_, q="Why does the export fail?", limit=3))
    best = found["turns"][0]
    assert (best["speaker"], best["turn"]) == ("Grace", 2)
    assert best["quote"] == "The export runs out of memory, because every page is kept until the file is written."
    said = {
        each["id"]: each["text"] for each in (await desk(ReadConversation(id=found["conversation_id"])))["messages"]
    }
    for each in found["turns"]:
        assert said[each["message_id"]][each["start"] : each["end"]] == each["quote"]
    scores = [each["score"] for each in found["turns"]]
    assert scores[0] == max(scores)
    assert 0 < sum(scores) <= 1.001


async def test_turns_are_numbered_as_in_the_summary_without_those_that_say_nothing(desk: Any) -> None:
    found = await desk(AskMeeting(id=await meeting(desk), q="Where shall the party take place?", limit=2))
    assert {each["turn"] for each in found["turns"]} <= {4, 5}


async def test_a_meeting_without_a_transcript_has_nothing_to_ask(desk: Any) -> None:
    saved = await desk(IngestMeeting(title="Export review"))
    with pytest.raises(Refuse) as refused:
        await desk(AskMeeting(id=saved["id"], q="Why?"))
    assert (refused.value.status, refused.value.code) == (409, "no_transcript")
    with pytest.raises(Refuse) as unknown:
        await desk(AskMeeting(id="meet_none", q="Why?"))
    assert unknown.value.status == 404


@pytest.mark.parametrize("question", ["", "  \t"])
def test_an_empty_question_is_refused(question: str) -> None:
    with pytest.raises(ValueError, match="q must hold"):
        AskMeeting(id="meet_1", q=question)
