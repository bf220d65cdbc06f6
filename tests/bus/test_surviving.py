"""The kit for handlers under crashes finds what does not survive them, and replays it from its seed."""

import random
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import ConfigError
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import recorded
from needlework.bus.testing.crashes import survive_crashes
from needlework.tests.bus.kit import DEFAULT, drain, publish, registry, running_bus

TABLE = "CREATE TABLE sums (id INTEGER PRIMARY KEY, total INTEGER NOT NULL) STRICT;\n"


class Add(Message[None], topic="tests.add", key=("to",)):
    """Add one."""

    to: int


class Added(Message[None], topic="tests.added"):
    """One was added."""

    to: int


@subscribe(Added, runner="sums")
def note(message: Added, ctx: Context) -> None:
    """A plain function: in a thread elsewhere, in its turn here."""


def one_more(to: int) -> Statement:
    return Statement("INSERT INTO sums VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET total = total + 1", (to,))


async def add_ten(bus: Bus, source: random.Random) -> None:
    """Ten publishes, repeated under the same key where a crash broke them off."""
    for number in range(10):
        await bus.publish(Publication(message=Add(to=number % 3), workspace=DEFAULT, idempotency_key=f"add{number}"))


async def never_too_many(bus: Bus, at_rest: bool) -> None:
    rows = await bus.store.read(Statement("SELECT sum(total) FROM sums"))
    total = rows[0][0] or 0
    assert total == 10 if at_rest else total <= 10, total


@pytest.fixture
def groups(tmp_path: Path) -> list[tuple[str, Path]]:
    """The table of these handlers."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_sums.sql").write_text(TABLE)
    return [("sums", folder)]


def test_what_goes_through_the_context_survives_every_crash(tmp_path: Path, groups: Any) -> None:
    @subscribe(Add, runner="sums")
    async def add(message: Add, ctx: Context) -> None:
        ctx.write(one_more(message.to))
        ctx.publish(Added(to=message.to))

    made = registry(add, note, tests__add={"order": "key"})
    survival = survive_crashes(made, tmp_path, add_ten, never_too_many, seeds=range(60), groups=groups)
    assert survival.runs == 60
    assert survival.crashes > 30


@pytest.mark.crashes
def test_what_is_done_twice_after_a_crash_is_found_and_its_seed_replays_it(tmp_path: Path, groups: Any) -> None:
    done: dict[Path, int] = {}

    @subscribe(Add, runner="sums")
    async def add(message: Add, ctx: Context) -> None:
        place = ctx.bus.directory
        done[place] = done.get(place, 0) + 1  # an effect outside, without an idempotency key
        await ctx.progress(1, kind="added")
        ctx.write(one_more(message.to))

    async def once_each(bus: Bus, at_rest: bool) -> None:
        assert done.get(bus.directory, 0) <= 10

    made = registry(add, note)
    with pytest.raises(AssertionError) as caught:
        survive_crashes(made, tmp_path, add_ten, once_each, seeds=range(100), groups=groups)
    (text,) = caught.value.__notes__
    seed = int(text.partition("seed ")[2].split(":")[0])
    done.clear()
    (tmp_path / "again").mkdir()
    with pytest.raises(AssertionError, match=str(caught.value).splitlines()[0]):
        survive_crashes(made, tmp_path / "again", add_ten, once_each, seeds=[seed], groups=groups)


def test_a_handler_in_a_process_of_its_own_is_refused_by_name(tmp_path: Path) -> None:
    made = registry(note, tests__added={"process": True})
    with pytest.raises(ConfigError, match=r"tests\.added: a handler with process = true can't be simulated"):
        survive_crashes(made, tmp_path, add_ten, never_too_many)


@pytest.mark.anyio
async def test_what_messages_reported_is_recorded_in_order(tmp_path: Path, groups: Any) -> None:
    @subscribe(Add, runner="sums")
    async def add(message: Add, ctx: Context) -> None:
        await ctx.log("counted", to=message.to)
        ctx.publish(Added(to=message.to))

    async with running_bus(registry(add, note), tmp_path, groups=groups) as bus:
        assert await recorded(bus) == []
        await publish(bus, Add(to=7))
        await drain(bus)
        assert [(event.topic, event.kind) for event in await recorded(bus)] == [
            ("tests.add", "log"), ("tests.add", "result"), ("tests.added", "result")
        ]  # fmt: skip
        assert [event.kind for event in await recorded(bus, topic="tests.added")] == ["result"]
