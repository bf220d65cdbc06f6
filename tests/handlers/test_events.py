"""The events that operations promise, by name: each is told by what it says has happened, and by nothing else."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from needlework.bus.clock import rfc3339
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.labels.messages import DecideContentLabel, ListContentLabels
from needlework.handlers.meetings.calendar_messages import IngestCalendar
from needlework.handlers.needle_movers.match_messages import RefreshNeedleMover
from needlework.handlers.needle_movers.messages import CreateNeedleMover, MergeNeedleMovers, UpdateNeedleMover
from needlework.handlers.system import run
from needlework.handlers.system.messages import EnableTicks, RunRunner, TickWorkspace
from needlework.handlers.tasks.messages import AcceptTask, CreateTask, UpdateTask
from needlework.tests.handlers.needle_movers.kit import EXPORTS

pytestmark = pytest.mark.anyio
Desk = Any
ROOT = Path(__file__).parents[2]

EVENTS = {
    "connection.sync.queued",
    "content_label.created",
    "content_label.removed",
    "needle_mover.created",
    "needle_mover.linked",
    "needle_mover.refreshed",
    "needle_mover.updated",
    "runner.finished",
    "runner.progress",
    "runner.started",
    "task.updated",
    "tick.enabled",
    "tick.finished",
    "tick.started",
}
"""What operations.md names for ticks, runners, labels, needle movers and tasks."""


async def told(desk: Desk) -> list[dict[str, Any]]:
    """Every event so far that has a name of its own, in order."""
    last, found = await desk.bus.inspection.latest_event(), []
    async for event in desk.bus.events(workspace=desk.workspace, after=0):
        if event.kind in ("log", "progress") and "kind" in (data := msgspec.json.decode(event.data)):
            found.append(data)
        if event.seq >= last:
            break
    return found


async def speak(desk: Desk) -> None:
    """Three sides say the same, so that labels, a needle mover and a task come of it; what is said later joins it."""
    for number, (name, text) in enumerate((*EXPORTS, EXPORTS[0])):
        said = MessageInput(text=text, sender=f"someone@{name}.test", sent_at=rfc3339(desk.clock.now()))
        await desk(IngestConversation(id=f"conv_{number}", messages=[said]))
        await desk.drain()


async def test_each_event_that_is_promised_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "EVERY", 0.0)
    await speak(desk)
    for runner in ("conversation_note_analysis_processor", "needle_mover_scheduler", "needle_mover", "tasks"):
        await desk(RunRunner(runner_id=runner))
    await desk.drain()
    label = (await desk(ListContentLabels(label="task_issue_bug")))["items"][0]
    await desk(DecideContentLabel(id=label["id"], state="rejected"))
    mover = (await desk(CreateNeedleMover(title="CSV export", kind="issue")))["id"]
    await desk.drain()
    await desk(UpdateNeedleMover(id=mover, status="in_progress"))
    await desk(RefreshNeedleMover(id=mover, impact=True, summaries=True))
    task = (await desk(CreateTask(title="Look at it")))["id"]
    await desk(UpdateTask(id=task, status="done"))
    await desk(IngestCalendar(name="team", url="http://127.0.0.1:9/team.ics"))
    desk.clock.advance(3_601)
    await desk(TickWorkspace())
    await desk.bus.workspaces.set_config(desk.workspace, {"tick": {"disable": True}}, "test")
    await desk(EnableTicks())
    assert {each["kind"] for each in await told(desk)} >= EVENTS


async def test_an_event_says_what_has_changed(desk: Desk) -> None:
    task = (await desk(CreateTask(title="Look at it")))["id"]
    await desk(UpdateTask(id=task, title="Look at it", status="open"))  # as it is: nothing to tell
    await desk(UpdateTask(id=task, status="done", assignee="jo"))
    one = (await desk(CreateNeedleMover(title="CSV export", kind="issue")))["id"]
    other = (await desk(CreateNeedleMover(title="Exports of tables", kind="issue")))["id"]
    await desk(UpdateNeedleMover(id=one, owner_id="jo"))
    await desk(MergeNeedleMovers(id=one, into=other))
    found = await told(desk)
    assert [each["changed"] for each in found if each["kind"] == "task.updated"] == [
        ["created"],
        ["assignee", "status"],
    ]
    changes = [each["changed"] for each in found if each["kind"] == "needle_mover.updated"]
    assert changes == [["owner_id"], ["merged_into"]]


async def test_what_is_refused_is_not_told(desk: Desk) -> None:
    task = (await desk(CreateTask(title="Look at it")))["id"]
    await desk(UpdateTask(id=task, status="done"))
    before = len(await told(desk))
    assert (await desk.refusal(AcceptTask(id=task)))[0] == 409
    assert len(await told(desk)) == before


async def test_a_run_is_told_from_its_start_to_its_end(desk: Desk) -> None:
    result = await desk(RunRunner(runner_id="tasks"))
    found = [each for each in await told(desk) if each["kind"].startswith("runner.")]
    assert [each["kind"] for each in found] == ["runner.started", "runner.finished"]
    assert {each["run_id"] for each in found} == {result["run_id"]}
    assert {name: found[1][name] for name in result} == result


def test_the_documents_list_each_event() -> None:
    """`docs/http.md` lists what the handlers tell, and nothing else."""
    sources = "\n".join(path.read_text() for path in (ROOT / "handlers").rglob("*.py"))
    names = set(re.findall(r'(?:\.tell|\.log)\(\s*"([a-z_.]+)"', sources))
    names |= {
        "content_label.created",
        "content_label.removed",
        "runner.progress",
    }  # told with a name that is put together
    listed = set(re.findall(r"^\| `([a-z_]+\.[a-z_.]+)` \|", (ROOT / "docs" / "http.md").read_text(), re.MULTILINE))
    assert listed == names
    assert names >= EVENTS
