"""Reprocessing of a range: every entity once, counts that are true, decisions of people untouched."""

from typing import Any

import pytest
from needlework.handlers.conversations.messages import IngestConversation, MessageInput, ReadConversation
from needlework.handlers.labels import reanalyse
from needlework.handlers.labels.messages import ListContentLabels, ReanalyseLabels
from needlework.handlers.notes.messages import IngestNote

pytestmark = pytest.mark.anyio
Desk = Any
NOW = 1_767_225_600
DAY = 86_400
ANALYSER = "conversation_note_analysis_processor"
RISK = "We are seriously considering cancelling our subscription."


async def save(desk: Desk, *days: int, notes: int = 0) -> None:
    """Conversations last active so many days ago, and notes of now."""
    for number, ago in enumerate(days):
        said = MessageInput(text=f"{RISK} {number}", sent_at=NOW - ago * DAY)
        await desk(IngestConversation(id=f"conv_{number}", messages=[said]))
    for number in range(notes):
        await desk(IngestNote(id=f"note_{number}", body_md=f"{RISK} {number}"))


async def fill(desk: Desk, *days: int, notes: int = 0) -> None:
    """The same, all analysed."""
    await save(desk, *days, notes=notes)
    await desk.drain()


def counts(found: dict[str, Any]) -> tuple[int, int, int]:
    return found["conversations_processed"], found["notes_processed"], found["already_queued"]


async def test_it_covers_thirty_days_of_both_kinds_by_default(desk: Desk) -> None:
    await fill(desk, 0, 29, 31, notes=2)
    found = await desk(ReanalyseLabels())
    assert counts(found) == (2, 2, 0)
    await desk.drain()
    batch = await desk.bus.batch(desk.workspace, found["batch_id"])
    assert (batch["total"], batch["done"]) == (4, 4)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "conversations"}, (2, 0, 0)),
        ({"type": "notes"}, (0, 1, 0)),
        ({"from_": NOW - 40 * DAY}, (3, 1, 0)),
        ({"from_": NOW - 40 * DAY, "until": NOW - 10 * DAY}, (2, 0, 0)),
        ({"from_": NOW - 31 * DAY, "until": NOW - 31 * DAY + 1}, (1, 0, 0)),
        ({"from_": NOW - 32 * DAY, "until": NOW - 31 * DAY}, (0, 0, 0)),
        ({"until": NOW + 999 * DAY}, (2, 1, 0)),
        ({"dry_run": True}, (2, 1, 0)),
    ],
)
async def test_the_range_and_the_type_choose(
    desk: Desk, fields: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    await fill(desk, 0, 29, 31, notes=1)
    assert counts(await desk(ReanalyseLabels(**fields))) == expected


async def test_nothing_is_queued_twice_and_the_second_call_says_so(desk: Desk) -> None:
    await fill(desk, 0, 1, notes=1)
    await desk.bus.pause(ANALYSER, "test")
    first = await desk(ReanalyseLabels())
    assert counts(first) == (2, 1, 0)
    again = await desk(ReanalyseLabels())
    assert counts(again) == (2, 1, 3)
    assert again["batch_id"] is None
    due = await desk.bus.messages(desk.workspace, topic="conversation_note_analysis", state="parked")
    assert len(due["items"]) <= 3


async def test_what_waits_for_its_first_analysis_is_counted_and_not_doubled(desk: Desk) -> None:
    await desk.bus.pause(ANALYSER, "test")
    await save(desk, 0, 1, notes=1)
    assert counts(await desk(ReanalyseLabels())) == (2, 1, 3)
    queued = await desk.bus.messages(desk.workspace, topic="conversation_note_analysis")
    assert len(queued["items"]) == 3


async def test_a_reanalysis_that_is_broken_off_goes_on_where_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was queued before the failure is neither queued again nor counted twice."""
    await fill(desk, *range(5), notes=2)
    monkeypatch.setattr(reanalyse, "PAGE", 2)
    whole, calls = reanalyse.keep, 0

    async def fails_once(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise RuntimeError("broken off")
        await whole(*arguments)

    monkeypatch.setattr(reanalyse, "keep", fails_once)
    message = await desk.publish(ReanalyseLabels())
    await desk.drain()
    desk.clock.advance(5)
    await desk.drain()
    status = await desk.bus.message(desk.workspace, message)
    assert counts(status["result"]) == (5, 2, 0)
    assert (await desk.bus.batch(desk.workspace, status["result"]["batch_id"]))["total"] == 7


async def test_a_dry_run_queues_nothing(desk: Desk) -> None:
    await fill(desk, 0)
    found = await desk(ReanalyseLabels(dry_run=True))
    assert (found["conversations_processed"], found["batch_id"], found["dry_run"]) == (1, None, True)
    queued = await desk.bus.messages(desk.workspace, topic="conversation_note_analysis")
    assert len(queued["items"]) == 1


async def test_labels_that_are_found_again_keep_their_ids(desk: Desk) -> None:
    await fill(desk, 0)
    before = await desk(ListContentLabels(content_id="conv_0"))
    assert before["items"]
    await desk(ReanalyseLabels())
    await desk.drain()
    assert await desk(ListContentLabels(content_id="conv_0")) == before


async def test_many_entities_go_in_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reanalyse, "PAGE", 3)
    await fill(desk, *[0] * 4, *[1] * 6, notes=3)
    found = await desk(ReanalyseLabels())
    assert counts(found) == (10, 3, 0)
    await desk.drain()
    assert (await desk.bus.batch(desk.workspace, found["batch_id"]))["done"] == 13


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"from_": NOW, "until": NOW}, "empty_range"),
        ({"from_": NOW + 60}, "empty_range"),
        ({"labels": "churn_rsk"}, "unknown_label"),
        ({"from_": NOW * 1000}, "invalid_time"),
        ({"until": "tomorrow"}, "invalid_time"),
    ],
)
async def test_what_makes_no_sense_is_refused(desk: Desk, fields: dict[str, Any], code: str) -> None:
    assert await desk.refusal(ReanalyseLabels(**fields)) == (422, code)


async def test_chosen_labels_are_reprocessed_alone(desk: Desk) -> None:
    await fill(desk, 0)
    before = await desk(ReadConversation(id="conv_0"))
    desk.clock.advance(60)
    await desk(ReanalyseLabels(labels="question, praise"))
    await desk.drain()
    after = await desk(ReadConversation(id="conv_0"))
    assert after["labels"] == before["labels"]
