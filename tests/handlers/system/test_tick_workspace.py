"""The workspace's own tick, the ticks that come by themselves, and the circuit breaker."""

import asyncio
from typing import Any

import pytest
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.testing import recorded
from needlework.handlers.meetings.calendar_messages import IngestCalendar
from needlework.handlers.slack.messages import DeliverSlackMessage
from needlework.handlers.system.messages import EnableTicks, TickWorkspace, WatchDead

pytestmark = pytest.mark.anyio
Desk = Any


async def test_a_tick_says_what_it_did_and_tells_when_it_began_and_ended(desk: Desk) -> None:
    answer = await desk(TickWorkspace())
    assert answer.pop("duration_ms") >= 0
    assert answer == {"connections": {}, "config_reloaded": False, "requeued": 0, "released": 0, "batch_id": None}
    kinds = [event.kind for event in await recorded(desk.bus, topic="tick.workspace")]
    assert kinds == ["log", "log", "result"]


async def test_calendars_that_are_due_are_queued(desk: Desk) -> None:
    made = await desk(IngestCalendar(name="team", url="http://127.0.0.1:9/team.ics"))
    await desk.drain()
    desk.clock.advance(7 * 86_400)
    answer = await desk(TickWorkspace())
    assert answer["connections"] == {made["id"]: True}
    assert answer["batch_id"]
    queued = await desk.bus.messages(desk.workspace, batch=answer["batch_id"])
    assert [each["topic"] for each in queued["items"]] == ["calendar_sources.sync"]
    await desk.drain()


async def test_a_configuration_that_another_process_wrote_is_read(desk: Desk) -> None:
    values = ('{"timezone":"Asia/Tokyo"}', desk.workspace.id)
    await desk.bus.store.write([Statement("UPDATE workspaces SET config = ? WHERE id = ?", values)])
    assert (await desk(TickWorkspace()))["config_reloaded"] is True
    assert (await desk(TickWorkspace()))["config_reloaded"] is False
    assert (await desk.bus.workspaces.config(desk.workspace))["timezone"] == "Asia/Tokyo"


async def test_what_was_put_aside_and_is_held_by_nothing_is_let_go_and_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.bus.holds, "workspaces_changed", lambda: None)
    monkeypatch.setattr(desk.bus.workspaces, "changed", lambda: None)
    desk.bus.controls.disabled = frozenset({desk.workspace.id})
    ident = await desk.publish(DeliverSlackMessage(delivery_id="sd_none"))
    await desk.drain()
    assert (await desk.bus.message(desk.workspace, ident))["state"] == "parked"
    desk.bus.controls.disabled = frozenset()
    other = await desk.other("acme")
    assert (await other(TickWorkspace()))["released"] == 0
    assert (await desk(TickWorkspace()))["released"] == 1
    await desk.drain()
    assert (await desk.bus.message(desk.workspace, ident))["state"] == "refused", "there is no such delivery"


async def test_a_second_tick_beside_a_running_one_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow() -> int:
        begun.set()
        await go.wait()
        return 0

    monkeypatch.setattr(desk.bus.maintenance, "prune", slow)
    first = await desk.bus.publish(Publication(message=TickWorkspace(), workspace=desk.workspace, waited=True))
    await begun.wait()
    assert await desk.refusal(TickWorkspace()) == (409, "tick_running")
    go.set()
    await desk.drain()
    assert (await desk.bus.message(desk.workspace, first.id))["state"] == "done"
    assert (await desk(TickWorkspace()))["requeued"] == 0


def test_every_tick_that_may_be_asked_for_comes_by_itself_too(registry: Registry) -> None:
    """The notes' did not. The runners' is what the service does anyway; ticks are let go by a person."""
    ticks = {name: topic.policy for name, topic in registry.topics.items() if "/tick" in (topic.policy.route or "")}
    assert {"tick.workspace", "conversation.tick", "tick.notes", "tick.tasks", "tick.reports"} <= ticks.keys()
    assert {name for name, policy in ticks.items() if not policy.schedule} == {"tick.runners", "tick.enable"}


async def test_ticks_come_by_themselves_and_not_while_they_are_disabled(desk: Desk) -> None:
    await desk.bus.workspaces.set_config(desk.workspace, {"tick": {"disable": True}}, "test")
    desk.bus.scheduler.stopped = False
    await desk.bus.scheduler.start()
    wanted = {"conversation.tick", "tick.workspace", "tick.notes", "tick.reports", "tick.tasks", "tick.watch"}
    ticked: set[str] = set()
    for disabled in (True, False):
        if not disabled:
            await desk(EnableTicks())
        for _ in range(3):
            desk.clock.advance(601)
            await desk.drain()
        ticked = {event.topic for event in await recorded(desk.bus) if event.kind == "result"} & wanted
        assert ticked == (set() if disabled else wanted)


async def test_so_many_dead_letters_within_an_hour_stop_automatic_work_until_a_person_has_looked(desk: Desk) -> None:
    for number in range(20):
        if number == 19:
            await desk(WatchDead())
            assert not desk.bus.workspaces.ticks_disabled(desk.workspace.id), "19 are not enough"
        await die(desk)
    other = await desk.other("acme")
    await other(WatchDead())
    assert not desk.bus.workspaces.ticks_disabled(other.workspace.id), "another workspace's are its own"
    await desk(WatchDead())
    tick = (await desk.bus.workspaces.config(desk.workspace))["tick"]
    assert (tick["disable"], tick["by"]) == (True, "circuit breaker")
    assert tick["reason"].startswith("20 deliveries died within an hour")
    assert await desk.refusal(TickWorkspace()) == (409, "tick_disabled")
    desk.clock.advance(1)
    await desk(EnableTicks())
    await desk(WatchDead())
    assert not desk.bus.workspaces.ticks_disabled(desk.workspace.id), "who enabled them has seen it"
    await desk.bus.workspaces.set_config(desk.workspace, {"timezone": "Asia/Tokyo"}, "test")
    await desk(WatchDead())
    assert not desk.bus.workspaces.ticks_disabled(desk.workspace.id), "whatever else is configured later"


@pytest.mark.parametrize("since", ["x", "9999-01-01T00:00:00Z"])
async def test_nobody_can_say_since_when_the_dead_are_counted(desk: Desk, since: str) -> None:
    """What PUT brought as `since` ended the circuit breaker: by an error, or by a day that does not come."""
    for _ in range(20):
        await die(desk)
    await desk.bus.workspaces.set_config(desk.workspace, {"tick": {"since": since}}, "test")
    await desk(WatchDead())
    assert desk.bus.workspaces.ticks_disabled(desk.workspace.id)


async def test_dead_letters_of_another_hour_do_not_count(desk: Desk) -> None:
    for _ in range(20):
        await die(desk)
    desk.clock.advance(3601)
    await desk(WatchDead())
    assert not desk.bus.workspaces.ticks_disabled(desk.workspace.id)


async def die(desk: Desk) -> None:
    """A delivery that is dead: its message was damaged on the disk."""
    message = DeliverSlackMessage(delivery_id=f"sd_{desk.bus.random.random()}")
    ident = await desk.publish(message, due=desk.clock.now() + 500_000)
    await desk.bus.store.write([Statement("UPDATE messages SET checksum = checksum + 1 WHERE topic IS NOT NULL")])
    desk.clock.advance(0.6)
    await desk.drain()
    assert (await desk.bus.message(desk.workspace, ident))["state"] == "dead"
