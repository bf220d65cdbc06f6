"""The analysis of conversations and notes: labels with evidence, once a text, never over a person's head."""

from typing import Any

import pytest
from needlework.bus.errors import InvalidMessage
from needlework.handlers.conversations.messages import (
    AppendMessages,
    IngestConversation,
    ListConversations,
    MessageInput,
    ReadConversation,
)
from needlework.handlers.labels.messages import (
    AnalyseConversationNote,
    DecideContentLabel,
    DefineLabel,
    ListContentLabels,
    ListLabels,
)
from needlework.handlers.notes.messages import IngestNote, ReadNote, UpdateNote

pytestmark = pytest.mark.anyio
Desk = Any

RISK = "We are seriously considering cancelling our subscription."
ASK = "Could you please send me the contract by Friday?"


async def ingest(desk: Desk, *texts: str, id: str = "conv_1") -> str:
    """A conversation, analysed."""
    said = [MessageInput(text=text, external_id=str(number)) for number, text in enumerate(texts)]
    await desk(IngestConversation(id=id, messages=said))
    await desk.drain()
    return id


async def labels(desk: Desk, content: str, **fields: Any) -> list[dict[str, Any]]:
    return (await desk(ListContentLabels(content_id=content, **fields)))["items"]


async def analysis(desk: Desk, **fields: Any) -> Any:
    outcome = await desk.outcome(AnalyseConversationNote(**fields))
    assert outcome.kind == "result", outcome
    return outcome.data


async def test_a_conversation_carries_labels_whose_quotes_stand_in_its_messages(desk: Desk) -> None:
    talk = await ingest(desk, "Hello. " + RISK, ASK)
    read = await desk(ReadConversation(id=talk))
    texts = {each["id"]: each["text"] for each in read["messages"]}
    assert {each["label"] for each in read["labels"]} >= {"churn_risk", "action_items"}
    for label in read["labels"]:
        (span,) = label["evidence"]
        assert texts[span["message_id"]][span["start"] : span["end"]] == span["quote"]
    assert read["analyzed_at"] == "2026-01-01T00:00:00Z"
    assert read["analyzed_message_id"] == read["messages"][-1]["id"]
    found = await desk(ListConversations(label="churn_risk"))
    assert [each["id"] for each in found["items"]] == [talk]
    assert "churn_risk" in found["items"][0]["labels"]


async def test_the_same_text_is_read_once_and_again_on_demand(desk: Desk) -> None:
    talk = await ingest(desk, RISK)
    before = await labels(desk, talk)
    assert (await analysis(desk, conversation_fs_id=talk))["cached"]
    assert not (await analysis(desk, conversation_fs_id=talk, again=True))["cached"]
    assert await labels(desk, talk) == before


async def test_equal_texts_of_two_conversations_share_the_work_and_not_the_evidence(desk: Desk) -> None:
    first, second = await ingest(desk, RISK), await ingest(desk, RISK, id="conv_2")
    assert (await analysis(desk, conversation_fs_id=second))["cached"]
    places = [{each["evidence"][0]["message_id"] for each in await labels(desk, talk)} for talk in (first, second)]
    assert not places[0] & places[1]


async def test_labels_of_a_text_that_changed_become_history(desk: Desk) -> None:
    talk = await ingest(desk, RISK)
    old = {each["id"] for each in await labels(desk, talk)}
    await ingest(desk, "All is well, thank you.")
    assert "churn_risk" not in {each["label"] for each in await labels(desk, talk)}
    assert {each["id"] for each in await labels(desk, talk, state="superseded")} == old


async def test_what_a_person_decided_stays(desk: Desk) -> None:
    """Neither a later analysis nor another text overwrites a confirmed or rejected label."""
    talk = await ingest(desk, RISK, ASK)
    found = {each["label"]: each["id"] for each in await labels(desk, talk)}
    await desk(DecideContentLabel(id=found["churn_risk"], state="rejected"))
    await desk(DecideContentLabel(id=found["action_items"], state="confirmed"))
    await analysis(desk, conversation_fs_id=talk, again=True)
    assert "churn_risk" not in {each["label"] for each in await labels(desk, talk)}
    assert [each["id"] for each in await labels(desk, talk, state="rejected")] == [found["churn_risk"]]
    assert [each["id"] for each in await labels(desk, talk, state="confirmed")] == [found["action_items"]]


async def test_several_messages_are_one_analysis_while_it_waits(desk: Desk) -> None:
    await desk.bus.pause("conversation_note_analysis_processor", "test")
    await desk(IngestConversation(id="conv_1", messages=[MessageInput(text=RISK)]))
    for number in range(3):
        await desk(AppendMessages(id="conv_1", text=f"message {number}"))
    queued = await desk.bus.messages(desk.workspace, topic="conversation_note_analysis")
    assert len(queued["items"]) == 1
    await desk.bus.resume("conversation_note_analysis_processor", "test")
    await desk.drain()
    read = await desk(ReadConversation(id="conv_1"))
    assert read["analyzed_message_id"] == read["messages"][-1]["id"]


async def test_a_note_is_analysed_in_its_current_version(desk: Desk) -> None:
    saved = await desk(IngestNote(body_md=RISK))
    await desk.drain()
    read = await desk(ReadNote(id=saved["id"]))
    assert (read["analyzed_version"], read["labels"][0]["content_version"]) == ("v1", "v1")
    span = next(each for each in read["labels"] if each["label"] == "churn_risk")["evidence"][0]
    assert (span["message_id"], span["quote"]) == (None, RISK)
    await desk(UpdateNote(id=saved["id"], body_md=ASK))
    await desk.drain()
    assert (await desk(ReadNote(id=saved["id"])))["analyzed_version"] == "v2"
    superseded = await analysis(desk, note_id=saved["id"], note_version="v1")
    assert superseded == {"discarded": "superseded"}


async def test_a_version_that_is_not_there_yet_is_tried_again(desk: Desk) -> None:
    saved = await desk(IngestNote(body_md="One."))
    await desk.drain()
    await desk.publish(AnalyseConversationNote(note_id=saved["id"], note_version="v2"))
    await desk.drain()
    (waiting,) = (await desk.bus.messages(desk.workspace, state="waiting"))["items"]
    await desk(UpdateNote(id=saved["id"], body_md=RISK))
    desk.clock.advance(3)
    await desk.drain()
    status = await desk.bus.message(desk.workspace, waiting["id"])
    assert status["state"] == "done"


@pytest.mark.parametrize(
    "fields",
    [
        {"conversation_fs_id": "conv_none"},
        {"note_id": "note_none"},
        {"note_id": "note_none", "note_version": "v1"},
    ],
)
async def test_what_does_not_exist_is_refused_when_its_turn_comes(desk: Desk, fields: dict[str, str]) -> None:
    assert await desk.refusal(AnalyseConversationNote(**fields)) == (404, "not_found")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"note_version": "v1"},
        {"note_id": "note_1", "note_version": "1"},
        {"note_id": "note_1", "note_version": "v0"},
    ],
)
async def test_a_message_about_nothing_is_refused_when_published(desk: Desk, fields: dict[str, str]) -> None:
    with pytest.raises((ValueError, InvalidMessage)):
        await desk.publish(AnalyseConversationNote(**fields))


async def test_a_changed_definition_is_a_new_version_and_is_used(desk: Desk) -> None:
    talk = await ingest(desk, RISK)
    saved = await desk(DefineLabel(key="churn_risk", enabled=False))
    assert (saved["version"], saved["enabled"]) == (2, False)
    assert (await desk(DefineLabel(key="churn_risk", enabled=False)))["version"] == 2
    await analysis(desk, conversation_fs_id=talk)
    assert "churn_risk" not in {each["label"] for each in await labels(desk, talk)}
    shown = {each["key"]: each for each in (await desk(ListLabels()))["items"]}
    assert len(shown) == 12
    assert not shown["churn_risk"]["enabled"]


async def test_a_new_label_needs_a_prompt(desk: Desk) -> None:
    assert await desk.refusal(DefineLabel(key="weather")) == (422, "missing_prompt")
    assert (await desk(DefineLabel(key="weather", prompt="Someone talks about the weather.")))["version"] == 1


async def test_an_analysis_of_some_labels_leaves_the_others(desk: Desk) -> None:
    talk = await ingest(desk, RISK, ASK)
    before = await labels(desk, talk)
    found = await analysis(desk, conversation_fs_id=talk, again=True, labels=("question",))
    assert set(found["labels"]) <= {"question"}
    assert await labels(desk, talk) == before


async def test_real_dialogues_are_labelled_with_quotes_that_hold(desk: Desk, dialogues: list[list[str]]) -> None:
    for number, turns in enumerate(dialogues):
        said = [MessageInput(text=text, sender="customer") for text in turns]
        await desk.publish(IngestConversation(id=f"conv_{number}", messages=said))
    await desk.drain()
    page = await desk(ListConversations(limit=100))
    assert len(page["items"]) == len(dialogues)
    assert all(each["analyzed_at"] for each in page["items"])
    assert sum(bool(each["labels"]) for each in page["items"]) >= len(dialogues) / 4
    for item in page["items"]:
        read = await desk(ReadConversation(id=item["id"]))
        texts = {each["id"]: each["text"] for each in read["messages"]}
        for label in read["labels"]:
            (span,) = label["evidence"]
            assert texts[span["message_id"]][span["start"] : span["end"]] == span["quote"]
