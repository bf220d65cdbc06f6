"""Upkeep of tasks: old suggestions, due dates, closed issues, duplicates; nothing twice."""

from datetime import date
from typing import Any

import pytest
from needlework.handlers.conversations.messages import AppendMessages, IngestConversation, MessageInput
from needlework.handlers.tasks.messages import (
    CreateTask,
    ListTasks,
    ReadTask,
    SuggestTask,
    TickTasks,
    UpdateTask,
)

pytestmark = pytest.mark.anyio
Desk = Any
DAY = 86_400


async def tick(desk: Desk, *counts: str) -> list[int]:
    found = await desk(TickTasks())
    await desk.drain()
    return [found[name] for name in counts]


async def test_a_suggestion_that_nobody_looks_at_expires_and_may_come_again(desk: Desk) -> None:
    await desk(SuggestTask(id="task_old", title="Call Larkfield"))
    await desk(CreateTask(id="task_kept", title="Call Brightwater"))
    await desk.drain()  # while a handler runs, somebody looks at the clock every 50 ms: of 29 days that takes for ever
    desk.clock.advance(29 * DAY)
    assert await tick(desk, "expired") == [0]
    desk.clock.advance(2 * DAY)
    assert await tick(desk, "expired") == [1]
    assert await tick(desk, "expired") == [0]
    read = await desk(ReadTask(id="task_old"))
    assert (read["status"], read["closed_reason"]) == ("dismissed", "expired")
    assert (await desk(ReadTask(id="task_kept")))["status"] == "open"
    assert (await desk(SuggestTask(title="Call Larkfield")))["outcome"] == "created"


async def test_what_is_late_is_marked_once_for_each_due_date(desk: Desk) -> None:
    await desk(CreateTask(id="task_late", title="Pay", due_on=date(2026, 1, 1)))
    assert await tick(desk, "overdue") == [0]
    await desk(UpdateTask(id="task_late", due_on=date(2025, 12, 31)))
    assert await tick(desk, "overdue") == [1]
    assert await tick(desk, "overdue") == [0]
    await desk(UpdateTask(id="task_late", due_on=date(2025, 12, 30)))
    assert await tick(desk, "overdue") == [1]


async def test_a_task_whose_issue_was_closed_is_done(desk: Desk) -> None:
    issue = "acme/rota#12"
    opened = MessageInput(text="It crashes.", external_id="1", facts={"state": "open"})
    await desk(IngestConversation(id="conv_1", channel="github", external_id=issue, messages=[opened]))
    await desk(CreateTask(id="task_1", title="Fix the crash", external_ref=issue))
    await desk(CreateTask(id="task_2", title="Write the notes", external_ref="acme/rota#13"))
    assert await tick(desk, "synced") == [0]
    desk.clock.advance(60)
    await desk(AppendMessages(id="conv_1", text="Closed by #14.", external_id="2", facts={"state": "closed"}))
    assert await tick(desk, "synced") == [1]
    assert await tick(desk, "synced") == [0]
    states = {each["id"]: each["status"] for each in (await desk(ListTasks(source="user")))["items"]}
    assert states == {"task_1": "done", "task_2": "open"}


async def test_suggestions_that_say_the_same_are_merged_into_the_oldest(desk: Desk) -> None:
    await desk(SuggestTask(id="task_1", title="Send the contract to Larkfield"))
    await desk(SuggestTask(id="task_2", title="Repair the coffee machine"))
    await desk(UpdateTask(id="task_2", title="Send Larkfield the contract"))
    assert await tick(desk, "merged") == [1]
    assert await tick(desk, "merged") == [0]
    states = {each["id"]: each["status"] for each in (await desk(ListTasks()))["items"]}
    assert states == {"task_1": "suggested", "task_2": "dismissed"}


async def test_tasks_that_were_not_judged_are_queued_once(desk: Desk) -> None:
    await desk(CreateTask(id="task_1", title="Fix the crash"))
    await desk.drain()
    await desk.bus.pause("tasks", "test")
    await desk(UpdateTask(id="task_1", body="Urgent"))
    queued = (await desk.bus.messages(desk.workspace, topic="task_labels"))["items"]
    (waiting,) = [each for each in queued if each["state"] != "done"]
    await desk.bus.cancel(desk.workspace, waiting["id"], "test")
    await desk.bus.resume("tasks", "test")
    assert await tick(desk, "labels_queued") == [1]
    assert await tick(desk, "labels_queued") == [0]
    assert (await desk(ReadTask(id="task_1")))["labels"]["priority"]["value"] == "high"


async def test_no_tick_while_ticks_are_disabled(desk: Desk) -> None:
    await desk(SuggestTask(id="task_old", title="Call Larkfield"))
    desk.clock.advance(31 * DAY)
    await desk.bus.workspaces.set_config(desk.workspace, {"tick": {"disable": True}}, "test")
    assert await desk.refusal(TickTasks()) == (409, "tick_disabled")
    assert (await desk(ReadTask(id="task_old")))["status"] == "suggested"
