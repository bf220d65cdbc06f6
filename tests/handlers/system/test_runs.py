"""Runs and ticks of runners."""

from typing import Any

import msgspec
import pytest
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.system.messages import RunOptions, RunRunner, TickRunners

pytestmark = pytest.mark.anyio
Desk = Any
ANALYSER = "conversation_note_analysis_processor"


async def backlog(desk: Desk, count: int) -> None:
    """Conversations whose analysis waits: ticks are disabled, so nothing runs by itself."""
    await desk.bus.workspaces.set_config(desk.workspace, {"tick": {"disable": True}}, "test")
    for number in range(count):
        await desk(IngestConversation(id=f"conv_{number}", messages=[MessageInput(text="hello")]))


async def enable(desk: Desk) -> None:
    await desk.bus.workspaces.set_config(desk.workspace, {"tick": {"disable": False}}, "test")


async def test_a_run_processes_as_many_as_asked_even_while_ticks_are_disabled(desk: Desk) -> None:
    await backlog(desk, 5)
    found = await desk(RunRunner(runner_id=ANALYSER, options=RunOptions(messages_to_process=3)))
    assert found["runner_id"] == ANALYSER
    assert (found["processed"], found["succeeded"], found["failed"]) == (3, 3, 0)
    rest = await desk(RunRunner(runner_id=ANALYSER))
    assert (rest["processed"], rest["remaining"]) == (2, 0)
    assert rest["run_id"] != found["run_id"]


async def test_a_run_with_nothing_due_does_nothing(desk: Desk) -> None:
    found = await desk(RunRunner(runner_id=ANALYSER))
    assert (found["processed"], found["remaining"]) == (0, 0)


@pytest.mark.parametrize("name", ["needle_moover", "system", ""])
async def test_an_unknown_runner_is_404_with_the_list(desk: Desk, name: str) -> None:
    outcome = await desk.outcome(RunRunner(runner_id=name))
    assert (outcome.data["status"], outcome.data["code"]) == (404, "unknown_runner")
    assert ANALYSER in outcome.data["runners"]
    assert "system" not in outcome.data["runners"]


@pytest.mark.parametrize("number", [0, -1, 10_001, "many"])
def test_the_number_of_messages_has_bounds(number: int | str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"runner_id": ANALYSER, "options": {"messages_to_process": number}}, RunRunner)


async def test_a_tick_says_which_runners_had_something_due(desk: Desk) -> None:
    found = await desk(TickRunners())
    shown = {name for name, runner in desk.bus.registry.runners.items() if not runner.policy.hidden}
    assert found.body == dict.fromkeys(shown, False)
    skipped = msgspec.json.decode(found.headers["X-Needlework-Skipped"])
    assert skipped == dict.fromkeys(shown, "nothing_due")


async def test_a_tick_starts_a_paused_runner_never_and_says_why(desk: Desk) -> None:
    await desk.bus.pause(ANALYSER, "test")
    await desk(IngestConversation(messages=[MessageInput(text="hello")]))
    found = await desk(TickRunners())
    assert not found.body[ANALYSER]
    assert msgspec.json.decode(found.headers["X-Needlework-Skipped"])[ANALYSER] == "paused"


async def test_while_ticks_are_disabled_a_tick_of_runners_is_refused(desk: Desk) -> None:
    await backlog(desk, 1)
    assert await desk.refusal(TickRunners()) == (409, "tick_disabled")
    await enable(desk)
    await desk.drain()
