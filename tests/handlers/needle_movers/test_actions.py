"""What follows from needle movers: derived by rules, done where it can be undone, approved and undone by people."""

from typing import Any

import pytest
from needlework.handlers.conversations.messages import ReadConversation
from needlework.handlers.needle_movers.action_messages import (
    ApproveAction,
    ListActions,
    ProcessActions,
    UndoAction,
)
from needlework.handlers.needle_movers.actions import Facts, derive
from needlework.handlers.needle_movers.messages import (
    CreateNeedleMover,
    MatchingRules,
    MergeNeedleMovers,
    PurgeNeedleMovers,
    ReadNeedleMover,
    RestoreNeedleMovers,
    UpdateNeedleMover,
)
from needlework.handlers.needle_movers.summaries import Quote
from needlework.handlers.notes.messages import ReadNote
from needlework.handlers.tasks.messages import AcceptTask, ListTasks, ReadTask, UpdateTask
from needlework.tests.handlers.needle_movers import kit

pytestmark = pytest.mark.anyio
Desk = Any


async def emerged(desk: Desk, say: Any, **fields: Any) -> str:
    """A needle mover of three accounts, changed by a person."""
    found = await kit.emerged(desk, say)
    if fields:
        await desk(UpdateNeedleMover(id=found["id"], **fields))
        await desk.drain()
    return str(found["id"])


async def by_type(desk: Desk, mover: str) -> dict[str, dict[str, Any]]:
    return {each["type"]: each for each in (await desk(ListActions(id=mover)))["items"]}


async def mover_tasks(desk: Desk, mover: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk(ListTasks(needle_mover_id=mover)))["items"]
    return found


async def test_a_defect_that_several_report_becomes_a_suggested_task(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    actions = await by_type(desk, mover)
    assert {type_: each["status"] for type_, each in actions.items()} == {"create_task": "executed"}
    tasks = await mover_tasks(desk, mover)
    assert [task["status"] for task in tasks] == ["suggested"]
    assert tasks[0]["title"].startswith("Fix: ")


async def test_the_same_evidence_gives_the_same_actions(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say, status="in_progress", owner_id="jo", impact_override=60)
    first = await desk(ProcessActions(id=mover))
    again = await desk(ProcessActions(id=mover))
    assert first == again
    assert len(set(first["action_ids"])) == len(first["action_ids"]) == len(first["actions"])
    status = {each["type"]: each["status"] for each in first["actions"]}
    assert status == {
        "create_task": "executed",
        "draft_reply": "executed",
        "schedule_follow_up": "executed",
        "notify_owner": "proposed",
    }


async def test_nothing_follows_from_what_has_ended(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say, status="dismissed")
    assert await desk.refusal(ProcessActions(id=mover)) == (409, "ended")
    empty = await desk(CreateNeedleMover(title="Good news", kind="progress"))
    assert await desk(ProcessActions(id=empty["id"])) == {"action_ids": [], "actions": []}
    assert await desk.refusal(ProcessActions(id="nm_none")) == (404, "not_found")


async def test_what_cannot_be_undone_waits_for_a_person(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say, status="active", owner_id="jo", impact_override=60)
    notice = (await by_type(desk, mover))["notify_owner"]
    assert (notice["status"], notice["reversible"]) == ("proposed", False)
    done = await desk(ApproveAction(id=notice["id"]))
    assert (done["status"], done["decided_by"]) == ("executed", "system")
    await desk.drain()
    note = await desk(ReadNote(id=done["result"]["note_id"]))
    assert note["title"].startswith("For jo: ")
    assert await desk(ApproveAction(id=notice["id"])) == done
    assert await desk.refusal(UndoAction(id=notice["id"])) == (409, "irreversible")


async def test_a_proposal_can_be_taken_back(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say, status="active", owner_id="jo", impact_override=60)
    notice = (await by_type(desk, mover))["notify_owner"]
    assert (await desk(UndoAction(id=notice["id"])))["status"] == "undone"
    assert await desk.refusal(ApproveAction(id=notice["id"])) == (409, "not_proposed")


async def test_an_undone_action_leaves_nothing_behind(desk: Desk, say: Any) -> None:
    rules = MatchingRules(patterns=("CSV",))
    mover = (await desk(CreateNeedleMover(title="Large tables", kind="issue", rules=rules)))["id"]
    await emerged(desk, say)
    actions = await by_type(desk, mover)
    task = actions["create_task"]["result"]["task_id"]
    assert (await desk(ReadTask(id=task)))["status"] == "suggested"
    for type_ in ("create_task", "draft_reply"):
        assert (await desk(UndoAction(id=actions[type_]["id"])))["status"] == "undone"
    await desk.drain()
    assert (await desk(ReadTask(id=task)))["status"] == "dismissed"
    note = await desk(ReadNote(id=actions["draft_reply"]["result"]["note_id"]))
    assert (note["title"], note["body_md"]) == ("(withdrawn)", "")
    assert await desk(UndoAction(id=actions["create_task"]["id"])) == (await by_type(desk, mover))["create_task"]


async def test_a_draft_is_no_evidence(desk: Desk, say: Any) -> None:
    """It quotes a customer, and would count what they said twice."""
    mover = await emerged(desk, say, status="active")
    draft = (await by_type(desk, mover))["draft_reply"]
    assert (await desk(ReadConversation(id=draft["target"])))["id"] == draft["target"]
    await desk.drain()
    assert (await desk(ReadNeedleMover(id=mover)))["evidence"]["linked"] == 3


async def test_a_follow_up_comes_when_its_time_has_come(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say, status="in_progress")
    before = len(await mover_tasks(desk, mover))
    desk.clock.step(7 * 86_400 + 1)
    desk.clock.advance(2)
    await desk.drain()
    titles = [task["title"] for task in await mover_tasks(desk, mover)]
    assert len(titles) == before + 1
    assert any(title.startswith("Follow up: ") for title in titles)


async def test_a_follow_up_that_was_taken_back_does_not_come(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say, status="in_progress")
    before = len(await mover_tasks(desk, mover))
    await desk(UndoAction(id=(await by_type(desk, mover))["schedule_follow_up"]["id"]))
    desk.clock.step(7 * 86_400 + 1)
    desk.clock.advance(2)
    await desk.drain()
    assert len(await mover_tasks(desk, mover)) == before


async def test_two_that_are_alike_are_proposed_to_be_merged(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    title = (await desk(ReadNeedleMover(id=mover)))["title"]
    twin = (await desk(CreateNeedleMover(title=f"{title}.", kind="issue")))["id"]
    await desk(ProcessActions(id=twin))
    proposal = (await by_type(desk, twin))["merge"]
    assert (proposal["status"], proposal["target"]) == ("proposed", mover)
    await desk(ApproveAction(id=proposal["id"]))
    await desk.drain()
    assert (await desk(ReadNeedleMover(id=twin)))["merged_into"] == mover


async def test_tasks_follow_a_merge_and_survive_a_purge_once_accepted(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    (task,) = await mover_tasks(desk, mover)
    other = (await desk(CreateNeedleMover(title="Data export", kind="opportunity")))["id"]
    await desk(MergeNeedleMovers(id=mover, into=other))
    await desk.drain()
    assert task["id"] in {each["id"] for each in await mover_tasks(desk, other)}
    await desk(AcceptTask(id=task["id"]))
    await desk(PurgeNeedleMovers())
    await desk.drain()
    kept = {each["id"]: each for each in (await desk(ListTasks()))["items"]}
    assert (kept[task["id"]]["status"], kept[task["id"]]["needle_mover_id"]) == ("open", None)
    assert not [each for each in kept.values() if each["source"] == "needle_mover" and each["status"] == "suggested"]


async def test_another_workspaces_actions_are_not_there(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    action = (await by_type(desk, mover))["create_task"]
    other = await desk.other("other")
    for message in (ProcessActions(id=mover), ApproveAction(id=action["id"]), UndoAction(id=action["id"])):
        assert await other.refusal(message) == (404, "not_found")


def facts(**fields: Any) -> Facts:
    quotes = [Quote("ev_1", "It fails.", "acme", 2, 0.9, 0)]
    places = {"ev_1": {"content_label_id": "label_1", "account_id": "acct_1", "conversation_id": "conv_1"}}
    plain = {"id": "nm_1", "title": "T" * 200, "kind": "issue", "status": "active", "impact": 30, "owner_id": None}
    return Facts(**{**plain, "summary": "", "quotes": quotes, "places": places, **fields})


@pytest.mark.parametrize(
    ("fields", "types"),
    [
        ({}, ["create_task", "draft_reply"]),
        ({"status": "suggested"}, ["create_task"]),
        ({"status": "in_progress"}, ["create_task", "draft_reply", "schedule_follow_up"]),
        ({"kind": "opportunity"}, ["create_task"]),
        ({"kind": "opportunity", "impact": 19}, []),
        ({"kind": "progress"}, []),
        ({"kind": "decision", "owner_id": "jo", "impact": 40}, ["notify_owner"]),
        ({"kind": "risk", "owner_id": "jo", "impact": 5}, ["create_task", "draft_reply", "notify_owner"]),
        ({"quotes": []}, []),
    ],
)
def test_the_rules(fields: dict[str, Any], types: list[str]) -> None:
    found = derive(facts(**fields))
    assert [each.type for each in found] == types
    assert all(len(each.params["title"]) <= 80 for each in found if each.type == "create_task")


async def test_evidence_after_a_task_was_done_suggests_another_which_can_be_undone(desk: Desk, say: Any) -> None:
    """A mover's task has a name of its own; one that had ended once kept every later suggestion from being stored."""
    rules = MatchingRules(patterns=("CSV",))
    mover = (await desk(CreateNeedleMover(title="Large tables", kind="issue", rules=rules)))["id"]
    await emerged(desk, say)
    (task,) = await mover_tasks(desk, mover)
    await desk(UpdateTask(id=task["id"], status="done"))
    await say("blue", "CSV export fails with an error again, our table has 5,000 rows.")
    again = await desk(ProcessActions(id=mover))
    await desk.drain()
    tasks = await mover_tasks(desk, mover)
    assert sorted(each["status"] for each in tasks) == ["done", "suggested"]
    await desk(UndoAction(id=again["action_ids"][0]))
    await desk.drain()
    assert sorted(each["status"] for each in await mover_tasks(desk, mover)) == ["dismissed", "done"]


async def test_a_restored_needle_mover_suggests_its_task_again(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    assert len(await mover_tasks(desk, mover)) == 1
    purge = await desk(PurgeNeedleMovers())
    await desk.drain()
    assert await mover_tasks(desk, mover) == []
    await desk(RestoreNeedleMovers(purge_id=purge["purge_id"]))
    await desk.drain()
    assert [each["status"] for each in await mover_tasks(desk, mover)] == ["suggested"]


async def test_what_was_drafted_scheduled_or_proposed_does_not_come_again_with_more_evidence(
    desk: Desk, say: Any
) -> None:
    """Each further statement made the same draft for the same conversation, one more follow-up, one more notice."""
    mover = await emerged(desk, say, status="in_progress", owner_id="jo", impact_override=60)
    first = await by_type(desk, mover)
    assert set(first) == {"create_task", "draft_reply", "schedule_follow_up", "notify_owner"}
    await desk(UndoAction(id=first["notify_owner"]["id"]))
    for number in range(2):
        await say("blue", f"CSV export fails with an error again, our table has {number + 5},000 rows.")
        await desk(ProcessActions(id=mover))
        await desk.drain()
    found = [(each["type"], each["target"]) for each in (await desk(ListActions(id=mover)))["items"]]
    once = [each for each in found if each[0] != "create_task"]
    assert len(set(once)) == len(once)
    assert len(found) - len(once) == 3
    assert (await by_type(desk, mover))["notify_owner"]["status"] == "undone"


def test_a_merge_is_proposed_once_for_two_movers() -> None:
    (merge,) = [each for each in derive(facts(alike=[("nm_2", "Other", 0.9)])) if each.type == "merge"]
    assert merge.fingerprint("nm_1", "one") == merge.fingerprint("nm_1", "two")
