"""Lists of messages: what is not finished is found behind all that is, and a page that is empty is the last."""

from pathlib import Path
from typing import Any

import pytest
from needlework.bus import inspection
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio
STATES = ("waiting", "dead", "parked", "refused", "done")


class Do(Message[None], topic="do.it"):
    """Something that ends as it says."""

    how: str = "done"


class Held(Message[None], topic="do.later"):
    """Something whose topic is paused."""


@subscribe(Do, runner="one")
async def do(message: Do, ctx: Context) -> None:
    """End."""
    if message.how == "refused":
        raise Refuse(409, "no", "no")
    if message.how == "dead":
        raise ValueError("no")


@subscribe(Held, runner="one")
async def hold(message: Held, ctx: Context) -> None:
    """Never."""


REGISTRY = kit.registry(do, hold, do__it={"retry": {"attempts": 1}})


async def filled(bus: Bus, clock: ManualClock) -> dict[str, str]:
    """One message in each state, and then many that are done."""
    await bus.pause("do.later", "me", kind="topic")
    found = {
        "waiting": (await kit.publish(bus, Do("waiting"), due=clock.now() + 10**12)).id,
        "dead": (await kit.publish(bus, Do("dead"))).id,
        "parked": (await kit.publish(bus, Held())).id,
        "refused": (await kit.publish(bus, Do("refused"))).id,
    }
    for _ in range(150):
        await kit.publish(bus, Do())
    await drain(bus)
    return found


async def pages(bus: Bus, state: str, limit: int) -> list[list[str]]:
    """The ids of each page, until there is no cursor."""
    found, cursor = [], None
    while True:
        page: dict[str, Any] = await bus.messages(kit.DEFAULT, state=state, limit=limit, cursor=cursor)
        found.append([each["id"] for each in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_what_is_not_finished_is_found_at_once_behind_what_is(tmp_path: Path, clock: ManualClock) -> None:
    """A page of two once looked through forty messages and answered an empty page with a cursor."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        known = await filled(bus, clock)
        for state, id_ in known.items():
            found = await bus.messages(kit.DEFAULT, state=state, limit=1)
            assert [each["id"] for each in found["items"]] == [id_], state
        assert [len(page) for page in await pages(bus, "done", 100)] == [100, 50]


async def test_a_stretch_without_any_leads_on_and_nothing_comes_twice(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_LOOKED", 7)
    monkeypatch.setattr(inspection, "_STRETCHES", 2)
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        known = await filled(bus, clock)
        for state in ("waiting", "dead", "parked"):
            found = [id_ for page in await pages(bus, state, 2) for id_ in page]
            assert found == [known[state]], state


async def test_few_of_those_that_wait_are_looked_at_for_the_few_that_are_something_else(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at a message's deliveries is several queries: a backlog of 24,000 was looked at for four seconds."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        known = await filled(bus, clock)
        await bus.publish_all(
            [Publication(message=Do("later"), workspace=kit.DEFAULT, due=clock.now() + 10**12) for _ in range(500)]
        )
        looks: list[int] = []
        deliveries = bus.inspection.deliveries

        async def looked(row: Any) -> Any:
            looks.append(row["seq"])
            return await deliveries(row)

        monkeypatch.setattr(bus.inspection, "deliveries", looked)
        for state in ("dead", "parked", "running"):
            found = await bus.messages(kit.DEFAULT, state=state, limit=10)
            assert [each["id"] for each in found["items"]] == [id_ for name, id_ in known.items() if name == state]
        assert len(looks) <= 3
        assert [len(page) for page in await pages(bus, "waiting", 250)] == [250, 250, 1]


async def test_what_waits_is_told_from_what_is_due_later(tmp_path: Path, clock: ManualClock) -> None:
    """A message for next week stood among what waits."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        await filled(bus, clock)
        await bus.pause("one", "me", kind="runner")
        await kit.publish(bus, Do("now"))
        (runner,) = [each for each in await bus.runners(kit.DEFAULT) if each["id"] == "one"]
    assert (runner["waiting"], runner["scheduled"], runner["parked"], runner["dead"]) == (1, 1, 1, 1)
