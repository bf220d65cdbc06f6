"""Tokens and sessions: what is kept opens nothing, what is revoked is gone, nobody grants too much."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from sqlite3 import Row

import pytest
from needlework.bus import credentials
from needlework.bus.bus import Bus
from needlework.bus.errors import InvalidMessage, NotFound, StorageError
from needlework.bus.permissions import ALL, READ, WORKSPACES_WRITE
from needlework.bus.principals import LOCAL, Principal
from needlework.bus.registry import Registry
from needlework.bus.sessions import SessionStore
from needlework.bus.sql import Statement
from needlework.bus.testing import ManualClock, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that serves."""
    return ("asyncio", {"use_uvloop": True})


@pytest.fixture
def clock() -> ManualClock:
    """Time that the test moves."""
    return ManualClock()


@pytest.fixture
async def bus(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Bus]:
    """A bus without topics."""
    async with running_bus(Registry.of(policies={}), tmp_path / "data", clock=clock) as bus:
        yield bus


@pytest.fixture
def sessions(bus: Bus) -> SessionStore:
    """Sessions on the bus's store."""
    return SessionStore(bus.store.read, bus.store.write, bus.clock)


async def test_a_token_is_its_text_and_nothing_that_is_kept(bus: Bus) -> None:
    text, record = await bus.tokens.create("laptop", frozenset((READ,)), None, None, LOCAL)
    assert text.startswith(f"nw_{record.id}_")
    assert len(text) == len(f"nw_{record.id}_") + 43
    principal = await bus.tokens.check(text)
    assert principal is not None
    assert principal == Principal(f"token:{record.id}", frozenset((READ,)), None, record.id)
    dump = repr([tuple(row) for row in await bus.store.read(Statement("SELECT * FROM tokens"))])
    assert text.rpartition("_")[2][:20] not in dump


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text + "x",
        lambda text: text[:-1],
        lambda text: "nw_aaaaaaaaaaaa_" + text.split("_", 2)[2],
        lambda text: text.upper(),
        lambda text: "",
        lambda text: "nw_" + "\x00" * 12 + "_" + "a" * 43,
        lambda text: "nw_é" + text[4:],
        lambda text: text + "\n",
    ],
)
async def test_anything_else_is_nobody(bus: Bus, change: object) -> None:
    text, _ = await bus.tokens.create("laptop", ALL, None, None, LOCAL)
    assert callable(change)
    assert await bus.tokens.check(change(text)) is None
    await bus.tokens.check(text)
    assert bus.tokens.cached(change(text)) is None


async def test_revoking_ends_a_token_at_once_and_tells(bus: Bus) -> None:
    told: list[str] = []
    bus.on_revoke(told.append)
    text, record = await bus.tokens.create("laptop", ALL, None, None, LOCAL)
    assert await bus.tokens.check(text) is not None
    await bus.tokens.revoke(record.id, LOCAL)
    assert told == [record.id]
    assert bus.tokens.cached(text) is None
    assert await bus.tokens.check(text) is None
    assert [entry.revoked_at is not None for entry in await bus.tokens.list()] == [True]
    await bus.tokens.revoke(record.id, LOCAL)
    with pytest.raises(NotFound):
        await bus.tokens.revoke("aaaaaaaaaaaa", LOCAL)


async def test_a_revocation_by_another_process_is_seen_within_a_second(bus: Bus, clock: ManualClock) -> None:
    text, record = await bus.tokens.create("laptop", ALL, None, None, LOCAL)
    await bus.tokens.check(text)
    told: list[str] = []
    bus.on_revoke(told.append)
    end = "UPDATE tokens SET revoked_at = 1, revoked_by = 'cli' WHERE id = :id"
    await bus.store.write([Statement(end, {"id": record.id})])
    clock.advance(0.9)
    assert await bus.tokens.check(text) is None
    await bus.tokens.sweep(frozenset((record.id,)))
    assert record.id in told


async def test_p10_one_look_tells_which_of_many_tokens_and_sessions_ended(
    bus: Bus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that held a stream open was looked up by itself, twice a second: thousands took longer than that."""
    soon = clock.now() + 60_000_000
    made = [await bus.tokens.create(f"{n}", ALL, None, soon if n == 1 else None, LOCAL) for n in range(4)]
    records = [record.id for _, record in made]
    opener = await bus.tokens.check(made[2][0])
    assert opener is not None
    cookies = [await bus.sessions.open(by) for by in (LOCAL, LOCAL, opener)]
    inner = [cookie.split("_")[1] for cookie in cookies]
    ended, looks, read = list[str](), list[Statement](), bus.store.read

    async def counted(statement: Statement) -> list[Row]:
        looks.append(statement)
        return await read(statement)

    for store in (bus.tokens, bus.sessions):
        monkeypatch.setattr(store, "_read", counted)
    bus.tokens.on_revoke(ended.append)
    bus.sessions.on_end(ended.append)

    async def sweep() -> list[str]:
        ended.clear()
        await bus.tokens.sweep(frozenset((*records, "aaaaaaaaaaaa")))
        await bus.sessions.sweep(frozenset(inner))
        return sorted(ended)

    assert await sweep() == ["aaaaaaaaaaaa"]
    revoked = "UPDATE tokens SET revoked_at = 1, revoked_by = 'cli' WHERE id = ?"
    left = "UPDATE sessions SET ended_at = 1 WHERE id = ?"
    await bus.store.write([Statement(revoked, (records[2],)), Statement(left, (inner[1],))])
    clock.step(61)
    assert await sweep() == sorted(["aaaaaaaaaaaa", records[1], records[2], inner[1], inner[2]])
    await bus.tokens.sweep(frozenset())
    assert len(looks) == 4


async def test_a_token_expires_by_the_wall_clock(bus: Bus, clock: ManualClock) -> None:
    text, _ = await bus.tokens.create("day", ALL, None, clock.now() + 86_400_000_000, LOCAL)
    assert await bus.tokens.check(text) is not None
    clock.step(86_401)
    assert bus.tokens.cached(text) is None
    assert await bus.tokens.check(text) is None


async def test_last_use_is_written_by_the_minute_not_by_the_call(bus: Bus, clock: ManualClock) -> None:
    text, _ = await bus.tokens.create("laptop", ALL, None, None, LOCAL)
    for _ in range(5):
        await bus.tokens.check(text)
    assert (await bus.tokens.list())[0].last_used_at is None
    clock.advance(61)
    await bus.tokens.check(text)
    assert (await bus.tokens.list())[0].last_used_at is not None


async def test_a_full_disk_locks_nobody_out(bus: Bus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = await bus.tokens.create("laptop", ALL, None, None, LOCAL)

    async def full(statements: list[Statement]) -> None:
        raise StorageError("full")

    monkeypatch.setattr(bus.tokens, "_write", full)
    clock.advance(61)
    assert await bus.tokens.check(text) is not None


@pytest.mark.parametrize(
    ("name", "permissions", "workspaces", "field"),
    [("", ALL, None, "name"), ("x\ny", ALL, None, "name"), ("x", frozenset(), None, "permissions"),
     ("x", ALL, frozenset(), "workspaces")],
)  # fmt: skip
async def test_a_token_that_makes_no_sense_is_refused(
    bus: Bus, name: str, permissions: frozenset[str], workspaces: frozenset[int] | None, field: str
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        await bus.tokens.create(name, permissions, workspaces, None, LOCAL)  # type: ignore[arg-type]
    assert [error.field for error in caught.value.errors] == [field]


def test_nobody_covers_more_than_they_hold() -> None:
    some = Principal("token:x", frozenset((READ,)), frozenset((1, 2)))
    assert some.covers(frozenset((READ,)), frozenset((1,)))
    assert not some.covers(frozenset((READ,)), None)
    assert not some.covers(frozenset((READ,)), frozenset((1, 3)))
    assert not some.covers(frozenset((READ, WORKSPACES_WRITE)), frozenset((1,)))


def test_writing_does_not_imply_reading() -> None:
    assert not Principal("token:x", frozenset((WORKSPACES_WRITE,))).may(READ)


async def test_a_ticket_works_once_and_for_a_minute(sessions: SessionStore, clock: ManualClock) -> None:
    ticket = await sessions.ticket(LOCAL)
    outcomes = await asyncio.gather(*(sessions.redeem(ticket) for _ in range(5)))
    assert sum(outcome is not None for outcome in outcomes) == 1
    late = await sessions.ticket(LOCAL)
    clock.advance(61)
    assert await sessions.redeem(late) is None
    assert await sessions.redeem("nwt_aaaaaaaaaaaa_" + "a" * 43) is None


async def test_sessions_and_tickets_end_with_the_token_that_opened_them(
    bus: Bus, sessions: SessionStore, clock: ManualClock
) -> None:
    text, record = await bus.tokens.create("laptop", frozenset((READ,)), None, None, LOCAL)
    opener = await bus.tokens.check(text)
    assert opener is not None
    cookie, ticket = await sessions.open(opener), await sessions.ticket(opener)
    assert await sessions.check(cookie) is not None
    await bus.tokens.revoke(record.id, LOCAL)
    clock.advance(1)
    assert await sessions.check(cookie) is None
    assert await sessions.redeem(ticket) is None


async def test_a_session_carries_the_rights_of_who_opened_it_and_ends(
    sessions: SessionStore, clock: ManualClock
) -> None:
    opener = Principal("token:x", frozenset((READ,)), frozenset((1,)), "x")
    cookie = await sessions.open(opener)
    principal = await sessions.check(cookie)
    assert principal is not None
    assert (principal.permissions, principal.workspaces) == (opener.permissions, opener.workspaces)
    told: list[str] = []
    sessions.on_end(told.append)
    await sessions.end(principal)
    assert told == [principal.token_id]
    assert await sessions.check(cookie) is None


async def test_a_session_ends_when_idle_and_after_a_week(sessions: SessionStore, clock: ManualClock) -> None:
    idle, busy = await sessions.open(LOCAL), await sessions.open(LOCAL)
    for _ in range(13):
        clock.advance(3600)
        assert await sessions.check(busy) is not None
    assert await sessions.check(idle) is None
    for _ in range(16):
        clock.advance(11 * 3600)
        await sessions.check(busy)
    assert await sessions.check(busy) is None


async def test_sessions_that_can_be_used_are_listed_and_any_of_them_ended(bus: Bus, clock: ManualClock) -> None:
    text, record = await bus.tokens.create("opener", frozenset((READ,)), frozenset((1,)), None, LOCAL)
    opener = await bus.tokens.check(text)
    assert opener is not None
    first = await bus.sessions.open(LOCAL)
    clock.advance(1)
    second = await bus.sessions.open(opener)
    listed = await bus.sessions.list()
    assert [(each.opened_by, each.workspaces) for each in listed] == [(f"token:{record.id}", [1]), ("local", None)]
    assert not any(secret[-30:] in repr(listed) for secret in (first, second))
    ended = next(each.id for each in listed if each.opened_by == "local")
    await bus.sessions.end(LOCAL, ended)
    with pytest.raises(NotFound):
        await bus.sessions.end(LOCAL, ended)
    assert await bus.sessions.check(first) is None
    assert await bus.sessions.check(second) is not None
    assert (await bus.audit.list(None))["items"][0]["target"] == ended
    await bus.tokens.revoke(record.id, LOCAL)
    assert await bus.sessions.list() == []


async def test_what_ended_is_removed_and_nothing_comes_back_with_it(bus: Bus, clock: ManualClock) -> None:
    """A session ends with its token: were the token forgotten first, the session would open again."""
    text, record = await bus.tokens.create("opener", ALL, None, None, LOCAL)
    _, expired = await bus.tokens.create("short", ALL, None, clock.now() + 60 * 1_000_000, LOCAL)
    _, lasting = await bus.tokens.create("lasting", ALL, None, None, LOCAL)
    opener = await bus.tokens.check(text)
    assert opener is not None
    cookie, out = await bus.sessions.open(opener), await bus.sessions.open(LOCAL)
    await bus.tokens.revoke(record.id, LOCAL)
    await bus.sessions.end(await bus.sessions.check(out) or LOCAL)
    await bus.maintenance.prune()
    assert await kit.value(bus, "SELECT count(*) FROM sessions") == 0
    assert {each.id for each in await bus.tokens.list()} == {record.id, expired.id, lasting.id}
    clock.advance(31 * 24 * 3600)
    await bus.tokens.prune()
    assert {each.id for each in await bus.tokens.list()} == {lasting.id}
    assert await bus.sessions.check(cookie) is None
    assert await bus.tokens.check(text) is None


async def test_a_token_is_kept_while_something_ends_with_it(bus: Bus, clock: ManualClock) -> None:
    text, record = await bus.tokens.create("opener", ALL, None, None, LOCAL)
    opener = await bus.tokens.check(text)
    assert opener is not None
    cookie = await bus.sessions.open(opener)
    await bus.store.write([Statement("UPDATE sessions SET seen_at = seen_at + ?, expires_at = expires_at + ?",
                                     (10**14, 10**14))])  # fmt: skip
    await bus.tokens.revoke(record.id, LOCAL)
    clock.advance(31 * 24 * 3600)
    await bus.tokens.prune()
    assert len(await bus.tokens.list()) == 1
    assert await bus.sessions.check(cookie) is None


async def test_the_log_is_append_only_and_tells_no_secret(bus: Bus) -> None:
    text, record = await bus.tokens.create("laptop", ALL, None, None, LOCAL)
    await bus.audit.record("x\ny" + "z" * 999, None, "a", "b")
    found = await bus.audit.list(None)
    assert [item["action"] for item in found["items"]] == ["a", "token.created"]
    assert text not in repr(found)
    assert record.id in repr(found)
    for statement in ("DELETE FROM audit", "UPDATE audit SET principal = 'nobody'"):
        with pytest.raises(Exception, match="append-only"):
            await bus.store.write([Statement(statement)])


async def test_the_log_is_paged_and_scoped(bus: Bus) -> None:
    for number in range(5):
        await bus.audit.record("p", 1 + number % 2, "act", str(number))
    page = await bus.audit.list(1, limit=2)
    assert [item["target"] for item in page["items"]] == ["4", "2"]
    rest = await bus.audit.list(1, limit=2, cursor=page["next_cursor"])
    assert ([item["target"] for item in rest["items"]], rest["next_cursor"]) == (["0"], None)


def test_credentials_are_compared_even_where_there_is_none() -> None:
    text, _, kept = credentials.make("nw", lambda size: bytes(range(size)))
    assert credentials.same(text, kept)
    assert not credentials.same(text, None)
    assert not credentials.same("nobody", None)
