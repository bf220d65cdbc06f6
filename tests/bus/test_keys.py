"""Idempotency keys: what counts as the same, for one message and for lists, and for how long (promise P5)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import IdempotencyConflict
from needlework.bus.messages import Message
from needlework.bus.records import Publication, Receipt
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio

DAY = 24 * 3600


class Short(Message[int], topic="t.short", key=("number",)):
    """Kept for a minute."""

    number: int = 0


class Other(Message[int], topic="t.other", key=("number",)):
    """Of another topic."""

    number: int = 0


class Same(Message[int], topic="t.same", key=("number",)):
    """Absorbed by one that waits."""

    number: int = 0


@subscribe(Short, runner="r")
@subscribe(Other, runner="r")
@subscribe(Same, runner="r")
async def answer(message: Short | Other | Same, ctx: Context) -> int:
    """Answer with its number."""
    return message.number


REGISTRY = kit.registry(answer, t__short={"retention": "1m"}, t__other={}, t__same={"coalesce": "drop"})


def listed(*messages: Message[Any], due: int | None = None) -> list[Publication]:
    """What a list publishes."""
    return [Publication(message=message, workspace=kit.DEFAULT, due=due) for message in messages]


async def prune(bus: Bus) -> None:
    """All that retention would remove now."""
    while await bus.maintenance.prune():
        pass
    while await bus.maintenance.prune():
        pass


async def test_p05_a_due_time_that_has_passed_meanwhile_is_still_the_same_body(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        due = clock.now() + 10 * SECOND
        first = await kit.publish(bus, Short(1), due=due, idempotency_key="k")
        clock.advance(20)
        assert (await kit.publish(bus, Short(1), due=due, idempotency_key="k")).id == first.id
        with pytest.raises(IdempotencyConflict):
            await kit.publish(bus, Short(1), due=due + 1, idempotency_key="k")


async def test_p05_the_same_list_has_the_same_answers_and_another_list_is_refused(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        first = await bus.publish_all(listed(Short(1), Other(2), Short(1)), key="k")
        again = await bus.publish_all(listed(Short(1), Other(2), Short(1)), key="k")
        assert [receipt.id for receipt in again] == [receipt.id for receipt in first]
        assert len({receipt.id for receipt in first}) == 3
        assert all(receipt.replayed for receipt in again)
        for other in (
            listed(Short(1), Other(2)), listed(Short(1), Other(2), Short(1), Short(1)), listed(Short(1)),
            listed(Other(2), Short(1), Short(1)), listed(Short(3), Other(2), Short(1)), listed(Short(5), Other(6)),
        ):  # fmt: skip
            with pytest.raises(IdempotencyConflict):
                await bus.publish_all(other, key="k")
        assert await kit.value(bus, "SELECT count(*) FROM messages") == 3


async def test_p05_the_keys_of_a_list_are_no_keys_of_single_messages(tmp_path: Path) -> None:
    """The second message of a list had the key `k:1`, which anybody may give to a message of their own."""
    async with running_bus(REGISTRY, tmp_path) as bus:
        await bus.publish_all(listed(Short(1), Short(2)), key="k")
        for key in ("k:0", "k:1", "k/1", "k#1"):
            assert not (await kit.publish(bus, Short(7), idempotency_key=key)).deduplicated
        with pytest.raises(IdempotencyConflict):
            await kit.publish(bus, Short(1), idempotency_key="k")


async def test_p05_a_key_keeps_its_message_for_as_long_as_itself(tmp_path: Path, clock: ManualClock) -> None:
    """The topic keeps a minute, the key a day: a repeat named a message that nobody could find."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        first = await kit.publish(bus, Short(1), idempotency_key="k")
        plain = await kit.publish(bus, Short(2))
        await drain(bus)
        clock.advance(3600)
        await prune(bus)
        assert await kit.rows(bus, "SELECT seq FROM messages") == [(first.seq,)], plain
        receipt, outcome = await bus.request(
            Publication(message=Short(1), workspace=kit.DEFAULT, idempotency_key="k"), timeout=5
        )
        assert (receipt.id, outcome and outcome.data) == (first.id, 1)
        clock.advance(DAY)
        await prune(bus)
        assert await kit.value(bus, "SELECT count(*) FROM messages") == 0
        assert await kit.value(bus, "SELECT count(*) FROM idempotency") == 0
        assert not (await kit.publish(bus, Short(1), idempotency_key="k")).deduplicated


async def test_p05_a_key_that_was_absorbed_keeps_the_survivor(tmp_path: Path, clock: ManualClock) -> None:
    registry = kit.registry(answer, t__short={}, t__other={}, t__same={"coalesce": "drop", "retention": "1m"})
    async with running_bus(registry, tmp_path, clock=clock) as bus:
        due = clock.now() + 10 * SECOND
        survivor = await kit.publish(bus, Same(1), due=due)
        clock.advance(5)
        absorbed = await kit.publish(bus, Same(1), due=due, idempotency_key="k")
        clock.advance(6)
        await drain(bus)
        clock.advance(3600)
        await prune(bus)
        again = await kit.publish(bus, Same(1), due=due, idempotency_key="k")
        assert survivor.id == absorbed.id == again.id
        assert await kit.state(bus, again) == "done"


@pytest.mark.parametrize("seconds", [-DAY, -60, 60, DAY + 1, 100 * 365 * DAY])
async def test_f21_one_key_from_64_clients_over_a_clock_step_is_one_message(
    tmp_path: Path, clock: ManualClock, seconds: int
) -> None:
    """The day of a key is a duration: a clock that is set neither ends nor prolongs it."""

    async def client(bus: Bus, number: int) -> Receipt:
        if number == 32:
            clock.step(seconds)
        return await kit.publish(bus, Other(1), idempotency_key="k")

    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        acme = await bus.workspaces.create("acme", "test")
        early = [await client(bus, 0)]
        receipts = early + list(await asyncio.gather(*(client(bus, number) for number in range(1, 64))))
        assert len({receipt.id for receipt in receipts}) == 1
        assert sum(not receipt.deduplicated for receipt in receipts) == 1
        with pytest.raises(IdempotencyConflict):
            await kit.publish(bus, Other(2), idempotency_key="k")
        assert not (await kit.publish(bus, Other(2), idempotency_key="k", workspace=acme)).deduplicated
        assert not (await kit.publish(bus, Short(1), idempotency_key="k")).deduplicated
        clock.advance(DAY)
        assert not (await kit.publish(bus, Other(3), idempotency_key="k")).deduplicated
