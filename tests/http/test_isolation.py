"""What is in one workspace stays there: every route, every role, ids of others by hypothesis (S14), streams (S15)."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from needlework import compose
from needlework.bus.bus import Bus
from needlework.bus.ids import message_id, message_seq
from needlework.bus.records import EventRecord, Publication
from needlework.bus.sql import Statement
from needlework.bus.testing import running_bus
from needlework.handlers.notes.messages import IngestNote
from needlework.http.app import build_app
from needlework.http.routes import Endpoint
from needlework.http.settings import HttpSettings
from needlework.tests.http.neighbourhood import ROLES, SPACES, Neighbourhood, address, body, guarded, mark

pytestmark = pytest.mark.anyio
MOVING = ("backlog", "anchors", "slots")
"""What schedules change by themselves."""


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    """A running bus with everything that is built in."""
    async with running_bus(compose.builtin_registry(), tmp_path / "data", groups=compose.handler_groups()) as bus:
        yield bus


@pytest.fixture
async def all_of_them(bus: Bus) -> AsyncIterator[Neighbourhood]:
    """Three workspaces behind one application that the network sees."""
    app = build_app(bus, HttpSettings(exposed=True, failures_per_minute=10**6))
    found = Neighbourhood(bus, app)
    await found.settle()
    yield found
    await app.aclose()


def plain(text: str, ident: str) -> str:
    """An answer without what differs by itself: its number, the id that was sent."""
    return re.sub(r"req_[0-9a-f]+", "req", text).replace(ident, "ID")


def absent(ident: str) -> str:
    """An id of the same kind that nobody has: another number at its end."""
    name, colon, runner = ident.partition(":")
    if name.startswith("msg_"):
        return message_id(message_seq(name) + 10**9, 1_767_225_600_000_000) + colon + runner
    return name[:-6] + ("ZZZZZZ" if "_" in name else "zzzzzz")


async def told(
    here: Neighbourhood, endpoint: Endpoint, caller: tuple[str, str], ident: str, everywhere: bool
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of one call with `ident` in its path and body, and in its query where `everywhere`."""
    async with here.caller(*caller) as client:
        path, query = address(endpoint, ident), {each.name: ident for each in endpoint.query if everywhere}
        data = None if endpoint.method == "GET" else body(endpoint, ident)
        found = await client.request(endpoint.method, path, params=query, json=data)
    headers = {
        name: re.sub("msg_[0-9A-Z]{26}", "msg", value)  # the one that the call itself has stored
        for name, value in found.headers.items()
        if name not in ("x-request-id", "content-length")
    }
    return found.status_code, headers, plain(found.text, ident)


async def kept(bus: Bus, space: str) -> Any:
    """Every row of a workspace, in every table that knows workspaces."""
    number, found = bus.workspaces.by_name[space].id, {}
    tables = await bus.store.read(Statement("SELECT name FROM sqlite_master WHERE type = 'table'"))
    for (name,) in map(tuple, tables):
        columns = [
            row["name"] for row in await bus.store.read(Statement(f"SELECT name FROM pragma_table_info('{name}')"))
        ]
        column = next((each for each in ("workspace_id", "workspace") if each in columns), None)
        if column is not None:
            rows = await bus.store.read(Statement(f"SELECT * FROM {name} WHERE {column} = ?", (number,)))
            found[name] = Counter(repr(tuple(row)) for row in rows)
    return found


async def test_s14_a_foreign_id_is_an_absent_one_on_every_route_for_every_role(
    all_of_them: Neighbourhood, bus: Bus, long: bool
) -> None:
    """0 foreign bytes, the same answer as for nobody's id, and nothing of the others changed."""
    here, routes, count = all_of_them, guarded(all_of_them.app), 40 if long else 3
    assert all(len(ids) > 12 for ids in here.ids.values())
    before = {space: await kept(bus, space) for space in SPACES}
    assert all(len(found["messages"]) > 5 for found in before.values())
    seen: Counter[int] = Counter()
    sent: set[str] = set()  # what ash has named itself may stand in its own log

    async def attempt(endpoint: Endpoint, role: str, ident: str, everywhere: bool) -> None:
        foreign = await told(here, endpoint, ("ash", role), ident, everywhere)
        nobody = await told(here, endpoint, ("ash", role), absent(ident), everywhere)
        seen[foreign[0]] += 1
        sent.update((ident, ident.partition(":")[0]))
        what = (endpoint.method, endpoint.path, role, ident)
        assert foreign[0] < 500, (what, foreign)
        assert foreign[0] == nobody[0], what
        if foreign[0] == 404:
            assert foreign[1:] == nobody[1:], what
        if endpoint.permission not in ROLES[role]:
            assert foreign[0] == 403, what
            assert endpoint.permission in foreign[2], what
        for other in SPACES[1:]:
            assert mark(other) not in foreign[2], what
            assert not [each for each in here.ids[other] if each in foreign[2] and each not in sent], what

    picks = st.tuples(st.sampled_from(SPACES[1:]), st.integers(0, 10**6), st.booleans())
    for endpoint in routes:
        for role in ROLES:
            for space, number, everywhere in examples(picks, count, f"{endpoint.method} {endpoint.path} {role}"):
                await attempt(endpoint, role, here.ids[space][number % len(here.ids[space])], everywhere)
    for space in SPACES[1:]:
        after = await kept(bus, space)
        changed = {table: rows - after[table] for table, rows in before[space].items() if table not in MOVING}
        assert not any(changed.values()), changed
        assert mark("ash") not in repr(after)
    assert {200, 403, 404, 422} <= set(seen)
    assert seen.total() == len(routes) * len(ROLES) * count


def examples(strategy: st.SearchStrategy[Any], count: int, seed: str) -> list[Any]:
    """What hypothesis chooses, as a list: a test with a loop of its own can't be called by it."""
    found: list[Any] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=count, database=None, phases=[hypothesis.Phase.generate])
    @hypothesis.given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return (found * count)[:count]


async def test_s14_a_foreign_workspace_is_an_absent_one_on_every_route(all_of_them: Neighbourhood) -> None:
    for endpoint in guarded(all_of_them.app):
        async with all_of_them.caller("ash", "owner") as client:
            answers = [
                await client.request(endpoint.method, address(endpoint, "x"), headers={"x-workspace": name})
                for name in ("birch", "nobody", "default")
            ]
        assert {answer.status_code for answer in answers} == {404}, endpoint.path
        assert len({plain(answer.text, "-") for answer in answers}) == 1, endpoint.path


async def test_s15_lists_searches_and_figures_show_nothing_of_others(all_of_them: Neighbourhood) -> None:
    """Each list, whole and searched by the others' own words."""
    for endpoint in guarded(all_of_them.app):
        if endpoint.method != "GET" or "{" in endpoint.path or endpoint.path.endswith("/events"):
            continue
        names = [each.name for each in endpoint.query if each.name in ("q", "label", "error", "principal", "action")]
        for space in SPACES:
            others = [other for other in SPACES if other != space]
            queries = [{}, *({name: mark(other)} for name in names for other in others)]
            async with all_of_them.caller(space, "owner") as client:
                for query in queries:
                    answer = await client.get(endpoint.path, params=query)
                    assert answer.status_code == 200, (endpoint.path, query, answer.text)
                    for other in others:
                        shown = answer.text if not query else answer.text.replace(next(iter(query.values())), "")
                        assert mark(other) not in shown, (endpoint.path, query)
                        assert not [ident for ident in all_of_them.ids[other] if ident in shown], (endpoint.path, query)


async def test_s15_an_idempotency_key_says_nothing_of_others(all_of_them: Neighbourhood) -> None:
    """All three have published under the same key: each has its own message, another body conflicts only at home."""
    ids = set()
    for space in SPACES:
        async with all_of_them.caller(space, "owner") as client:
            key = {"idempotency-key": f"{space} alone"}
            first = await client.post("/api/notes", json={"title": "one"}, headers=key)
            again = await client.post("/api/notes", json={"title": "one"}, headers=key)
            assert (first.headers["x-message-id"], again.headers["idempotency-replayed"]) == (
                again.headers["x-message-id"],
                "true",
            )
            for other in SPACES:
                if other != space:
                    beside = await client.post(
                        "/api/notes", json={"title": other}, headers={"idempotency-key": f"{other} x"}
                    )
                    assert (beside.status_code, beside.headers.get("idempotency-replayed")) == (200, None)
            ids.add(first.headers["x-message-id"])
    assert len(ids) == len(SPACES)


async def test_s15_holds_are_told_to_all_and_who_held_to_those_who_see_all(
    all_of_them: Neighbourhood, bus: Bus
) -> None:
    """The line had the operator's token, address and request in every workspace."""
    text, record = await bus.tokens.create("operator", ROLES["owner"], None, None, "test")
    path = "/api/internal/runners/content"
    async with all_of_them.caller("ash", "owner") as ash:
        operator = {"authorization": f"Bearer {text}", "x-workspace": "ash"}
        for move in ("pause", "resume"):
            assert (await ash.post(f"{path}/{move}")).status_code == 403
            assert (await ash.post(f"{path}/{move}", headers=operator)).status_code == 200
        seen = (await ash.get("/api/audit?action=runner.*")).json()["items"]
        whole = (await ash.get("/api/audit?action=runner.*", headers=operator)).json()["items"]
        assert (await ash.get(f"/api/audit?principal=token:{record.id}")).json()["items"] == []
    assert [(line["action"], line["target"], line["principal"]) for line in seen] == [
        ("runner.resume", "content", "operator"),
        ("runner.pause", "content", "operator"),
    ]
    assert [(line["token_id"], line["request_id"], line["origin"]) for line in seen] == [(None, None, None)] * 2
    assert {line["principal"] for line in whole} == {f"token:{record.id}"}


async def test_who_has_access_and_who_was_denied_is_told_to_who_may_change_it_everywhere(
    all_of_them: Neighbourhood, bus: Bus
) -> None:
    """The lines of tokens, sessions and denials belong to no workspace: nobody could read them."""
    told: dict[str, set[str]] = {}
    async with all_of_them.caller("ash", "owner") as ash:
        told["ash"] = {line["action"] for line in (await ash.get("/api/audit")).json()["items"]}
        for role in ("owner", "read"):
            text, _ = await bus.tokens.create(role, ROLES[role], None, None, "test")
            asked = await ash.get("/api/audit", headers={"authorization": f"Bearer {text}", "x-workspace": "ash"})
            told[role] = {line["action"] for line in asked.json()["items"]}
    assert "token.created" in told["owner"]
    assert "token.created" not in told["ash"] | told["read"]


async def test_s15_streams_carry_no_event_of_others(all_of_them: Neighbourhood, bus: Bus, long: bool) -> None:
    """Three readers of everything and three of one topic, while all three workspaces publish by turns."""
    each = 17_000 if long else 100
    done = asyncio.Event()
    found: Counter[tuple[str, int]] = Counter()

    async def read(space: str, topic: str | None) -> None:
        workspace = bus.workspaces.by_name[space]
        async for event in bus.events(workspace=workspace, after=start, topic=topic):
            assert isinstance(event, EventRecord)
            found[space, event.workspace] += 1
            for other in SPACES:
                assert other == space or mark(other).encode() not in event.frame
            if found.total() >= 2 * 3 * each:
                done.set()

    start = await bus.inspection.latest_event()
    readers = [asyncio.ensure_future(read(space, topic)) for space in SPACES for topic in (None, "note.ingest")]
    for first in range(0, each, 100):
        for space in SPACES:
            notes = [IngestNote(title=f"{mark(space)} {number}") for number in range(first, min(first + 100, each))]
            workspace = bus.workspaces.by_name[space]
            await bus.publish_all([Publication(message=note, workspace=workspace) for note in notes])
    async with asyncio.timeout(1200 if long else 60):
        await done.wait()
    for reader in readers:
        reader.cancel()
    outcomes = await asyncio.gather(*readers, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes
    assert all(bus.workspaces.by_name[space].id == number for space, number in found)
    assert found.total() >= 6 * each
