"""Request and reply: exactly one outcome, whoever is late, doubled, gone, or many."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from needlework.bus import asking
from needlework.bus.context import Context
from needlework.bus.errors import IdempotencyConflict, Refuse
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

CALLS: list[int] = []
GATES: dict[str, asyncio.Event] = {}


class Question(Message[Any], topic="t.question", key=("number",)):
    """Answered with its number."""

    number: int = 0
    how: str = ""


class Same(Message[Any], topic="t.same", key=("number",)):
    """The same question while one waits is answered with it."""

    number: int = 0


@subscribe(Question, runner="r")
@subscribe(Same, runner="r")
async def answer(message: Question | Same, ctx: Context) -> Any:
    """Answer, refuse, fail or wait."""
    CALLS.append(message.number)
    how = getattr(message, "how", "")
    if how == "refuse":
        raise Refuse(404, "not_found", "no")
    if how == "fail":
        raise RuntimeError("no")
    if how == "wait":
        await GATES["it"].wait()
    return message.number


REGISTRY = kit.registry(answer, runners={"r": kit.runner(concurrency=64)},
                        t__question={"retry": {"attempts": 1}}, t__same={"coalesce": "drop"})  # fmt: skip


@pytest.fixture(autouse=True)
def clean() -> None:
    CALLS.clear()
    GATES.clear()


@pytest.mark.parametrize(("how", "kind"), [("", "result"), ("refuse", "refused"), ("fail", "dead")])
async def test_p09_a_request_ends_in_one_outcome(tmp_path: Path, how: str, kind: str) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        assert (await kit.ask(bus, Question(1, how))).kind == kind
        assert bus.hub.waiting() == 0


async def test_p09_a_request_that_no_living_process_runs_is_stored_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.01)
    async with running_bus(REGISTRY, tmp_path, runners=[]) as bus:
        receipt, outcome = await bus.request(Publication(message=Question(), workspace=kit.DEFAULT), timeout=20)
        assert outcome is None
        assert await kit.why(bus, receipt) == "no_live_runner"


async def test_p09_a_late_reply_is_recorded_and_not_delivered(tmp_path: Path) -> None:
    GATES["it"] = asyncio.Event()
    async with running_bus(REGISTRY, tmp_path) as bus:
        receipt, outcome = await bus.request(
            Publication(message=Question(7, "wait"), workspace=kit.DEFAULT), timeout=0.01
        )
        assert outcome is None
        assert bus.hub.waiting() == 0
        GATES["it"].set()
        await drain(bus)
        assert (await bus.message(kit.DEFAULT, receipt.id))["result"] == 7


async def test_p09_a_requester_that_goes_away_leaves_no_waiter(tmp_path: Path) -> None:
    GATES["it"] = asyncio.Event()
    async with running_bus(REGISTRY, tmp_path) as bus:
        task = asyncio.create_task(kit.ask(bus, Question(1, "wait")))
        await kit.until(lambda: CALLS)
        assert bus.hub.waiting() == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert bus.hub.waiting() == 0
        GATES["it"].set()
        await drain(bus)


async def test_p09_a_cancelled_message_answers_its_requester(tmp_path: Path) -> None:
    GATES["it"] = asyncio.Event()
    async with running_bus(REGISTRY, tmp_path) as bus:
        task = asyncio.create_task(kit.ask(bus, Question(1, "wait")))
        await kit.until(lambda: CALLS)
        (listed,) = (await bus.messages(kit.DEFAULT))["items"]
        await bus.cancel(kit.DEFAULT, listed["id"], "me")
        assert (await task).kind == "cancelled"


async def test_p09_ten_thousand_at_once_each_get_their_own_answer(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path, durability="process") as bus:
        outcomes = await asyncio.gather(*(kit.ask(bus, Question(n), timeout=60) for n in range(10_000)))
        assert [outcome.data for outcome in outcomes] == list(range(10_000))
        assert bus.hub.waiting() == 0
        assert len(CALLS) == 10_000


async def test_p05_the_same_key_from_64_clients_at_once_is_one_message(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        other = await bus.workspaces.create("acme", "test")
        receipts = await asyncio.gather(*(kit.publish(bus, Question(1), idempotency_key="k") for _ in range(64)))
        assert len({receipt.id for receipt in receipts}) == 1
        assert sum(not receipt.deduplicated for receipt in receipts) == 1
        with pytest.raises(IdempotencyConflict):
            await kit.publish(bus, Question(2), idempotency_key="k")
        elsewhere = await kit.publish(bus, Question(2), idempotency_key="k", workspace=other)
        assert not elsewhere.deduplicated
        await drain(bus)
        assert sorted(CALLS) == [1, 2]


async def test_p05_a_repeated_request_gets_the_first_ones_outcome(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        first, second = await asyncio.gather(
            *(bus.request(Publication(message=Question(3), workspace=kit.DEFAULT, idempotency_key="k"), timeout=10)
              for _ in range(2))
        )  # fmt: skip
        third = await bus.request(
            Publication(message=Question(3), workspace=kit.DEFAULT, idempotency_key="k"), timeout=10
        )
        assert first[0].id == second[0].id == third[0].id
        assert [outcome.data for _, outcome in (first, second, third) if outcome] == [3, 3, 3]
        assert CALLS == [3]


async def test_p05_a_key_is_kept_for_a_day_and_then_is_new(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        first = await kit.publish(bus, Question(1), idempotency_key="k")
        clock.advance(24 * 3600 - 1)
        assert (await kit.publish(bus, Question(1), idempotency_key="k")).id == first.id
        clock.advance(1)
        assert (await kit.publish(bus, Question(2), idempotency_key="k")).id != first.id


async def test_an_absorbed_request_is_answered_by_the_survivor(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.pause("r", "me")
        tasks = [asyncio.create_task(kit.ask(bus, Same(5))) for _ in range(3)]
        await kit.until(lambda: bus.hub.waiting() == 3)
        await bus.resume("r", "me")
        assert [outcome.data for outcome in await asyncio.gather(*tasks)] == [5, 5, 5]
        assert CALLS == [5]


async def test_an_idempotency_key_on_an_absorbed_publish_names_the_survivor(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        due = clock.now() + 10_000_000
        survivor = await kit.publish(bus, Same(1), due=due)
        absorbed = await kit.publish(bus, Same(1), due=due, idempotency_key="k")
        clock.advance(11)
        await drain(bus)
        again = await kit.publish(bus, Same(1), due=due, idempotency_key="k")
        assert survivor.id == absorbed.id == again.id
        assert CALLS == [1]
