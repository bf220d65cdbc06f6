"""The queue of (content, label) pairs: each waits once, is found by itself or on demand, and is not found twice."""

from typing import Any

import pytest
from needlework.bus.errors import InvalidMessage
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.labels.definitions import LabelRules
from needlework.handlers.labels.messages import (
    AnalyseContentLabels,
    DefineLabel,
    LabelContent,
    ListContentLabels,
    PreviewLabels,
    QueueContentLabels,
)
from needlework.handlers.notes.messages import IngestNote, UpdateNote

pytestmark = pytest.mark.anyio
Desk = Any
ANALYSER = "conversation_note_analysis_processor"
RISK = "We are seriously considering cancelling our subscription."
NOW = 1_767_225_600
LABELS = 12


async def fill(desk: Desk, *, analysed: bool = True) -> None:
    """Two conversations (one of long ago) and a note."""
    if not analysed:
        await desk.bus.pause(ANALYSER, "test")
    await desk(IngestConversation(id="conv_1", messages=[MessageInput(text=RISK, sent_at=NOW - 60)]))
    await desk(IngestConversation(id="conv_2", messages=[MessageInput(text=RISK + " 2", sent_at=NOW - 31 * 86_400)]))
    await desk(IngestNote(id="note_1", body_md=RISK + " 3"))
    if analysed:
        await desk.drain()


def counts(found: dict[str, Any]) -> tuple[int, int]:
    return found["queued"], found["already_queued"]


async def labels(desk: Desk, content: str) -> set[str]:
    return {each["label"] for each in (await desk(ListContentLabels(content_id=content)))["items"]}


async def test_what_was_not_analysed_is_queued_once(desk: Desk) -> None:
    await fill(desk, analysed=False)
    assert counts(await desk(QueueContentLabels())) == (2 * LABELS, 0)
    assert counts(await desk(QueueContentLabels())) == (0, 2 * LABELS)
    assert counts(await desk(QueueContentLabels(content_ids=("conv_2",), labels=("praise",)))) == (1, 0)
    assert await labels(desk, "conv_1") == set()


async def test_what_was_analysed_is_queued_only_on_demand_or_under_a_new_definition(desk: Desk) -> None:
    await fill(desk)
    assert counts(await desk(QueueContentLabels())) == (0, 0)
    await desk.bus.pause(ANALYSER, "test")
    assert counts(await desk(QueueContentLabels(only_missing=False, limit=5))) == (5, 0)
    desk.clock.advance(1)
    await desk(DefineLabel(key="praise", threshold=0.7))
    assert counts(await desk(QueueContentLabels(labels=("praise",), content_type="note"))) == (1, 0)


async def test_the_runner_finds_what_is_queued_and_it_is_not_missing_any_more(desk: Desk) -> None:
    await fill(desk)
    desk.clock.advance(1)
    await desk(DefineLabel(key="praise", rules=LabelRules(phrases=("considering",))))
    found = await desk(QueueContentLabels())
    assert counts(found) == (2, 0)
    await desk.drain()
    assert "praise" in await labels(desk, "conv_1")
    assert counts(await desk(QueueContentLabels())) == (0, 0)
    batch = await desk.bus.batch(desk.workspace, found["batch_id"])
    assert (batch["total"], batch["done"]) == (2, 2)


async def test_an_analysis_without_a_content_drains_up_to_a_hundred_pairs(desk: Desk) -> None:
    await fill(desk, analysed=False)
    for number in range(10):
        await desk(IngestNote(id=f"note_x{number}", body_md=f"{RISK} x{number}"))
    await desk(QueueContentLabels())
    found = await desk(AnalyseContentLabels())
    assert (len(found["results"]), found["remaining"]) == (100, 2 * LABELS + 10 * LABELS - 100)
    assert {each["label"] for each in found["results"] if each["present"]} >= {"churn_risk"}
    await desk(AnalyseContentLabels())
    assert await desk(AnalyseContentLabels()) == {"results": [], "cached": False, "remaining": 0}
    assert "churn_risk" in await labels(desk, "conv_1")
    assert counts(await desk(QueueContentLabels())) == (0, 0)
    await desk.bus.resume(ANALYSER, "test")
    await desk.drain()
    assert "churn_risk" in await labels(desk, "note_x9")


async def test_one_content_is_analysed_at_once_and_from_what_is_known(desk: Desk) -> None:
    await fill(desk, analysed=False)
    message = AnalyseContentLabels(content_type="conversation", content_id="conv_1", labels=("churn_risk", "praise"))
    first = await desk(message)
    assert [(each["label"], each["present"]) for each in first["results"]] == [("churn_risk", True), ("praise", False)]
    (span,) = first["results"][0]["evidence"]
    assert RISK[span["start"] : span["end"]] == span["quote"]
    assert not first["cached"]
    assert await desk(message) == {**first, "cached": True}
    assert await labels(desk, "conv_1") == {"churn_risk"}


async def test_nothing_is_stored_of_a_preview(desk: Desk) -> None:
    await fill(desk, analysed=False)
    stored = await desk(AnalyseContentLabels(content_type="note", content_id="note_1", persist=False))
    told = await desk(PreviewLabels(text=RISK, labels=("churn_risk",)))
    assert {each["label"] for each in stored["results"] if each["present"]} >= {"churn_risk"}
    assert told["results"][0]["present"]
    assert (await desk(ListContentLabels()))["items"] == []


async def test_an_old_version_is_refused(desk: Desk) -> None:
    await fill(desk)
    await desk(UpdateNote(id="note_1", body_md="All is well."))
    fields = {"content_type": "note", "content_id": "note_1"}
    assert await desk.refusal(AnalyseContentLabels(version="v1", **fields)) == (409, "superseded")
    assert (await desk(AnalyseContentLabels(version="v2", **fields)))["results"]


async def test_unknown_contents_and_labels_are_refused_and_other_workspaces_are_unknown(desk: Desk) -> None:
    await fill(desk)
    other = await desk.other("other")
    for message in (
        QueueContentLabels(content_ids=("conv_1",)),
        AnalyseContentLabels(content_type="conversation", content_id="conv_1"),
    ):
        assert await other.refusal(message) == (404, "not_found")
    assert await desk.refusal(QueueContentLabels(labels=("prais",))) == (422, "unknown_label")
    assert counts(await other(QueueContentLabels())) == (0, 0)


async def test_what_is_gone_leaves_the_queue_and_a_second_message_finds_nothing(desk: Desk) -> None:
    await fill(desk)
    assert await desk(LabelContent(content_type="note", content_id="note_1")) == {"discarded": "nothing_queued"}
    found = await desk(LabelContent(content_type="note", content_id="note_none", labels=("praise",)))
    assert found == {"content_id": "note_none", "labels": []}


@pytest.mark.parametrize(
    "fields",
    [
        {"content_type": "note"},
        {"text": "Hello", "content_type": "note", "content_id": "note_1"},
        {"version": "v1"},
        {"content_type": "conversation", "content_id": "conv_1", "version": "v1"},
        {"labels": ("praise",)},
    ],
)
async def test_fields_that_contradict_each_other_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises((ValueError, InvalidMessage)):
        AnalyseContentLabels(**fields)
