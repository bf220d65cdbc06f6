"""Unit of work: what a handler writes and publishes commits together with its completion, or not at all."""

from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.bus.workspaces import Workspace

pytestmark = pytest.mark.anyio

TABLES = "CREATE TABLE accounts (id TEXT PRIMARY KEY, balance INTEGER NOT NULL, revision INTEGER NOT NULL) STRICT;"
CURSORS: list[object] = []


class Deposit(Message[None], topic="demo.deposit"):
    """Put money into an account."""

    account: str
    amount: int
    fails_first: bool = False


class Thank(Message[None], topic="demo.thank"):
    """Say thanks."""


class Count(Message[int], topic="demo.count"):
    """Count to four, in steps that are kept."""


@subscribe(Deposit, runner="bank")
async def deposit(message: Deposit, ctx: Context) -> None:
    """Read, then write what must still be true when it commits: `expect=1` is the guard."""
    row = await ctx.db.one(Statement("SELECT balance, revision FROM accounts WHERE id = ?", (message.account,)))
    assert row is not None
    ctx.write(
        Statement(
            "UPDATE accounts SET balance = ?, revision = revision + 1 WHERE id = ? AND revision = ?",
            (row["balance"] + message.amount, message.account, row["revision"]),
            expect=1,
        )
    )
    ctx.publish(Thank())
    ctx.tell("deposited", amount=message.amount)
    if message.fails_first and ctx.attempt == 1:
        raise ConnectionError("after all was collected")


@subscribe(Thank, runner="bank")
async def thank(message: Thank, ctx: Context) -> None:
    """Nothing."""


@subscribe(Count, runner="bank")
async def count(message: Count, ctx: Context) -> int:
    """Each step commits with a resume point; the first attempt fails after two of them."""
    CURSORS.append(ctx.cursor)
    for number in range(ctx.cursor or 0, 4):
        if number == 2 and ctx.attempt == 1:
            raise ConnectionError("half-way")
        ctx.write(Statement("UPDATE accounts SET balance = balance + 1 WHERE id = 'steps'"))
        await ctx.commit(cursor=number + 1)
    return 4


WRITE = {"permission": "permissionWorkspacesWrite", "retry": {"first": "1s", "jitter": 0.0}}
POLICIES = {
    "runners": {"bank": {"description": "Books"}},
    "topics": {
        "demo.deposit": {"summary": "Deposit", **WRITE},
        "demo.thank": {"summary": "Thank", **WRITE},
        "demo.count": {"summary": "Count", **WRITE},
    },
}


@pytest.fixture
def tables(tmp_path: Path) -> list[tuple[str, Path]]:
    """A handler group's own tables, as a migration."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_tables.sql").write_text(TABLES)
    return [("bank", folder)]


REGISTRY = Registry.of(deposit, thank, count, policies=POLICIES)
BALANCE = Statement("SELECT balance FROM accounts")


async def test_writes_and_messages_of_a_failed_attempt_never_happened(
    tmp_path: Path, tables: list[tuple[str, Path]], here: Workspace, clock: ManualClock
) -> None:
    async with running_bus(REGISTRY, tmp_path / "data", groups=tables, clock=clock) as bus:
        await bus.store.write([Statement("INSERT INTO accounts VALUES ('a', 0, 0)")])
        receipt = await bus.publish(Publication(message=Deposit("a", 5, fails_first=True), workspace=here))
        await drain(bus)
        assert await bus.reader.value(BALANCE) == 0
        clock.advance(1)
        await drain(bus)
        assert await bus.reader.value(BALANCE) == 5
        assert len((await bus.message(here, receipt.id))["children"]) == 1
        told = [event.kind async for event in bus.events(workspace=here, after=0, message=receipt.id)]
        assert told == ["retrying", "log", "result"]


async def test_a_guard_makes_concurrent_units_add_up(
    tmp_path: Path, tables: list[tuple[str, Path]], here: Workspace
) -> None:
    async with running_bus(REGISTRY, tmp_path / "data", groups=tables) as bus:
        await bus.store.write([Statement("INSERT INTO accounts VALUES ('a', 0, 0)")])
        await bus.publish_all([Publication(message=Deposit("a", 1), workspace=here) for _ in range(8)])
        await drain(bus)
        assert await bus.reader.value(BALANCE) == 8


async def test_long_work_goes_on_from_its_last_step(
    tmp_path: Path, tables: list[tuple[str, Path]], here: Workspace, clock: ManualClock
) -> None:
    CURSORS.clear()
    async with running_bus(REGISTRY, tmp_path / "data", groups=tables, clock=clock) as bus:
        await bus.store.write([Statement("INSERT INTO accounts VALUES ('steps', 0, 0)")])
        await bus.publish(Publication(message=Count(), workspace=here))
        await drain(bus)
        clock.advance(1)
        await drain(bus)
        assert CURSORS == [None, 2]
        assert await bus.reader.value(BALANCE) == 4
