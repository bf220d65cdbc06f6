"""Suggested tasks: from labels by themselves, once, with what proves them; kept away when nobody wants them."""

from typing import Any

import pytest
from needlework.handlers.accounts.messages import IngestAccount
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.labels.messages import AnalyseConversationNote, DecideContentLabel
from needlework.handlers.tasks.messages import (
    AcceptTask,
    DeleteSuggestedTasks,
    DismissTask,
    LabelTasks,
    ListTasks,
    ProcessTaskLabels,
    ReadTask,
    SuggestTask,
    UnlinkTasks,
    UpdateTask,
)

pytestmark = pytest.mark.anyio
Desk = Any
DAYS = 86_400
ASK = "Could you please send me the contract end date by Friday?"
FAULT = "The export crashes with an error when a rota has more than 500 shifts."


async def talk(desk: Desk, *texts: str, id: str = "conv_1", sent_at: str = "2025-11-19T10:00:00Z") -> None:
    """A conversation of a customer, analysed."""
    await desk(IngestAccount(id="acct_1", name="Larkfield", domains=["larkfield.example"]))
    said = [
        MessageInput(text=text, sender="maren@larkfield.example", sent_at=sent_at, external_id=f"{id}-{number}")
        for number, text in enumerate(texts)
    ]
    await desk(IngestConversation(id=id, messages=said))
    await desk.drain()


async def tasks(desk: Desk, **fields: Any) -> list[dict[str, Any]]:
    return (await desk(ListTasks(**fields)))["items"]


async def test_a_request_becomes_a_suggested_task_with_its_proof(desk: Desk) -> None:
    await talk(desk, ASK)
    (task,) = await tasks(desk)
    read = await desk(ReadTask(id=task["id"]))
    assert (read["title"], read["status"], read["due_on"]) == (
        "Send me the contract end date",
        "suggested",
        "2025-11-21",
    )
    assert (read["assignee"], read["account_id"], read["source"]) == (None, "acct_1", "content_label")
    (proof,) = read["evidence"]
    assert (proof["content_id"], proof["label"], proof["span"]["quote"]) == ("conv_1", "action_items", ASK)
    assert proof["content_label_id"] == read["content_label_id"]
    assert read["confidence"] == proof["span"]["score"] >= 0.6
    assert read["labels"]["type"]["value"] == "follow_up"
    assert read["overdue"]  # what was due in November is, in January


async def test_a_fault_becomes_a_bug(desk: Desk) -> None:
    await talk(desk, FAULT)
    (task,) = await tasks(desk)
    assert task["title"].startswith("Fix: The export crashes with an error")
    assert task["labels"]["type"]["value"] == "bug"


async def test_a_due_date_is_a_day_of_the_workspaces_time_zone(desk: Desk) -> None:
    """Half past eleven in the evening in UTC is the next day in Berlin: tomorrow is one later."""
    await desk.bus.workspaces.set_config(desk.workspace, {"timezone": "Europe/Berlin"}, "test")
    await talk(desk, "Could you please call me tomorrow?", sent_at="2025-11-19T23:30:00Z")
    assert [each["due_on"] for each in await tasks(desk)] == ["2025-11-21"]


async def test_a_reanalysis_suggests_nothing_twice(desk: Desk) -> None:
    await talk(desk, ASK, FAULT)
    before = await tasks(desk)
    assert len(before) == 2
    await desk(AnalyseConversationNote(conversation_fs_id="conv_1", again=True))
    await desk(LabelTasks(content_type="conversation", content_id="conv_1"))
    await desk.drain()
    assert await tasks(desk) == before


async def test_what_a_conversation_suggests_is_judged_with_it_in_one_delivery(desk: Desk) -> None:
    """Each task was judged by a delivery of its own, one after the other: they trailed far behind an import."""
    await talk(desk, ASK, FAULT)
    assert {each["labels"]["type"]["value"] for each in await tasks(desk)} == {"follow_up", "bug"}
    assert len((await desk.bus.messages(desk.workspace, topic="task_labels"))["items"]) == 1
    for each in await tasks(desk):
        assert await desk(LabelTasks(task_id=each["id"])) == {"task_id": each["id"], "updated": False}


async def test_nearly_the_same_request_adds_its_proof(desk: Desk) -> None:
    await talk(desk, ASK)
    await talk(desk, "Please send me the contract end date.", id="conv_2")
    await talk(desk, "Please send me the end date of the contract.", id="conv_3")
    (task,) = await tasks(desk)
    proof = (await desk(ReadTask(id=task["id"])))["evidence"]
    assert {each["content_id"] for each in proof} == {"conv_1", "conv_2", "conv_3"}


async def test_what_was_dismissed_is_not_suggested_again(desk: Desk) -> None:
    await talk(desk, ASK)
    (task,) = await tasks(desk)
    dismissed = await desk(DismissTask(id=task["id"]))
    assert (dismissed["status"], dismissed["closed_reason"]) == ("dismissed", "user")
    await talk(desk, "Please send me the contract end date.", id="conv_2")
    assert [each["id"] for each in await tasks(desk)] == [task["id"]]
    accepted = await desk(AcceptTask(id=task["id"], assignee="Jo"))
    assert (accepted["status"], accepted["assignee"]) == ("open", "Jo")
    assert await desk(AcceptTask(id=task["id"])) == accepted


async def test_deleted_suggestions_stay_away_for_thirty_days_and_accepted_tasks_stay(desk: Desk) -> None:
    await talk(desk, ASK, FAULT)
    asked = next(each["id"] for each in await tasks(desk) if each["title"].startswith("Send"))
    await desk(AcceptTask(id=asked))
    assert await desk(DeleteSuggestedTasks()) == {"deleted": 1}
    assert await desk(DeleteSuggestedTasks()) == {"deleted": 0}
    assert [each["id"] for each in await tasks(desk)] == [asked]
    assert (await desk(ProcessTaskLabels()))["suggested"] == 0
    desk.clock.advance(31 * DAYS)
    assert (await desk(ProcessTaskLabels()))["suggested"] == 1
    assert len(await tasks(desk)) == 2


async def test_filters_choose_what_is_deleted(desk: Desk) -> None:
    await talk(desk, FAULT)
    await desk(SuggestTask(title="Call Larkfield", needle_mover_id="nm_1"))
    now = desk.clock.now() // 1_000_000
    assert await desk(DeleteSuggestedTasks(before=now)) == {"deleted": 0}
    assert await desk(DeleteSuggestedTasks(needle_mover_id="nm_2")) == {"deleted": 0}
    assert await desk(DeleteSuggestedTasks(source="needle_mover")) == {"deleted": 1}
    assert await desk(DeleteSuggestedTasks(before=now + 1)) == {"deleted": 1}
    assert await tasks(desk) == []


async def test_a_rejected_label_takes_its_suggestion_along(desk: Desk) -> None:
    await talk(desk, ASK)
    (task,) = await tasks(desk)
    await desk(DecideContentLabel(id=task["content_label_id"], state="rejected"))
    await desk.drain()
    read = await desk(ReadTask(id=task["id"]))
    assert (read["status"], read["closed_reason"], read["evidence"]) == ("dismissed", "evidence_gone", [])
    await desk(DecideContentLabel(id=task["content_label_id"], state="confirmed"))
    await desk.drain()
    assert [each["status"] for each in await tasks(desk)] == ["suggested", "dismissed"]


async def test_other_groups_suggest_once_under_their_own_id(desk: Desk) -> None:
    fields = {"title": "Call Larkfield about the export", "needle_mover_id": "nm_1", "account_id": "acct_1"}
    assert await desk(SuggestTask(id="task_mine", **fields)) == {"outcome": "created", "task_id": "task_mine"}
    assert await desk(SuggestTask(id="task_two", **fields)) == {"outcome": "unchanged", "task_id": "task_mine"}
    assert (await desk(ReadTask(id="task_mine")))["needle_mover_id"] == "nm_1"
    other = await desk.other("other")
    assert await tasks(other) == []


async def test_a_movers_end_deletes_its_suggestions_and_keeps_accepted_tasks(desk: Desk) -> None:
    await desk(SuggestTask(id="task_kept", title="Call Larkfield", needle_mover_id="nm_1"))
    await desk(SuggestTask(id="task_gone", title="Write the incident report", needle_mover_id="nm_1"))
    await desk(AcceptTask(id="task_kept"))
    await desk(UnlinkTasks(needle_mover_id="nm_1", into="nm_2"))
    assert {each["needle_mover_id"] for each in await tasks(desk)} == {"nm_2"}
    assert await desk(UnlinkTasks(needle_mover_id="nm_2")) == {"deleted": 1}
    assert [(each["id"], each["needle_mover_id"]) for each in await tasks(desk)] == [("task_kept", None)]
    again = await desk(SuggestTask(title="Write the incident report", needle_mover_id="nm_3"))
    assert again["outcome"] == "created"


async def test_process_labels_judges_named_tasks_and_refuses_unknown_ones(desk: Desk) -> None:
    await desk(SuggestTask(id="task_mine", title="Fix the crash of the export"))
    await desk.drain()
    assert (await desk(ProcessTaskLabels()))["updated"] == 0
    await desk.bus.pause("content", "test")
    assert await desk.refusal(ProcessTaskLabels(task_ids=["task_none"])) == (404, "not_found")
    await desk.bus.resume("content", "test")
    await desk(UpdateTask(id="task_mine", body="urgent"))
    found = await desk(ProcessTaskLabels(task_ids=["task_mine"]))
    assert found["processed"] == 1
    assert (await desk(ReadTask(id="task_mine")))["labels"]["priority"]["value"] == "high"
