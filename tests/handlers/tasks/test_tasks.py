"""Tasks that people write down: created, read, changed, listed; nothing of other workspaces."""

from datetime import date
from typing import Any

import pytest
from needlework.handlers.tasks.messages import (
    AcceptTask,
    CountTasks,
    CreateTask,
    DismissTask,
    ListTasks,
    ReadTask,
    UpdateTask,
)

pytestmark = pytest.mark.anyio
Desk = Any


async def test_a_task_is_written_down_read_and_judged(desk: Desk) -> None:
    made = await desk(CreateTask(title="Fix the login page, it crashes", body="Urgent!", due_on=date(2026, 1, 2)))
    assert (made["status"], made["source"], made["provenance"], made["confidence"]) == ("open", "user", "user", 1.0)
    await desk.drain()
    read = await desk(ReadTask(id=made["id"]))
    values = {key: label["value"] for key, label in read["labels"].items()}
    assert values == {"type": "bug", "priority": "high", "area": "access"}
    assert read["due_on"] == "2026-01-02"


async def test_the_same_change_again_changes_nothing(desk: Desk) -> None:
    made = await desk(CreateTask(title="Write the plan", assignee="Jo"))
    first = await desk(UpdateTask(id=made["id"], status="in_progress", assignee=None))
    assert (first["status"], first["assignee"], first["title"]) == ("in_progress", None, "Write the plan")
    desk.clock.advance(5)
    again = await desk(UpdateTask(id=made["id"], status="in_progress", assignee=None))
    assert again["updated_at"] == first["updated_at"]
    done = await desk(UpdateTask(id=made["id"], status="done"))
    assert (done["status"], done["closed_reason"]) == ("done", "user")
    assert await desk.refusal(AcceptTask(id=made["id"])) == (409, "task_done")
    assert await desk.refusal(DismissTask(id=made["id"])) == (409, "task_done")


async def test_an_id_of_ones_own_is_taken_once(desk: Desk) -> None:
    await desk(CreateTask(id="task_mine", title="One"))
    assert await desk.refusal(CreateTask(id="task_mine", title="Two")) == (409, "id_taken")
    assert (await desk(ReadTask(id="task_mine")))["title"] == "One"


async def test_tasks_are_counted_by_status_however_many_there_are(desk: Desk) -> None:
    """The overview said "100+ tasks" where there were 132."""
    assert await desk(CountTasks()) == {}
    for number in range(3):
        await desk(CreateTask(id=f"task_{number}", title=f"Write part {number}"))
    await desk(UpdateTask(id="task_0", status="done"))
    assert await desk(CountTasks()) == {"open": 2, "done": 1}
    assert await (await desk.other("other"))(CountTasks()) == {}


async def test_another_workspaces_tasks_are_not_found(desk: Desk) -> None:
    await desk(CreateTask(id="task_mine", title="One"))
    other = await desk.other("other")
    assert (await other(ListTasks()))["items"] == []
    for message in (
        UpdateTask(id="task_mine", title="Two"),
        AcceptTask(id="task_mine"),
        DismissTask(id="task_mine"),
    ):
        assert await other.refusal(message) == (404, "not_found")
    assert (await desk(ReadTask(id="task_mine")))["title"] == "One"


async def test_lists_are_paged_filtered_and_searched(desk: Desk) -> None:
    for number in range(5):
        await desk(
            CreateTask(id=f"task_{number}", title=f"Task number {number}", assignee="Jo" if number % 2 else None)
        )
    await desk(CreateTask(id="task_late", title="Pay the 100% invoice", due_on=date(2025, 12, 31), account_id="acct_1"))
    await desk.drain()
    seen, cursor = [], None
    while True:
        page = await desk(ListTasks(limit=4, cursor=cursor))
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["task_late", "task_4", "task_3", "task_2", "task_1", "task_0"]

    async def ids(**fields: Any) -> list[str]:
        return [each["id"] for each in (await desk(ListTasks(**fields)))["items"]]

    assert await ids(assignee="Jo") == ["task_3", "task_1"]
    assert await ids(overdue=True) == ["task_late"]
    assert await ids(overdue=False, limit=1) == ["task_4"]
    assert await ids(q="100%") == ["task_late"]
    assert await ids(account_id="acct_1") == ["task_late"]
    assert await ids(status="done") == []
    assert await ids(source="user", type="follow_up", q="number 2") == ["task_2"]
    assert await ids(needle_mover_id="nm_1") == []
