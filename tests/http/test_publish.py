"""Publish, as the reference has it, and what it adds: lists, idempotency, times, explanations."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from needlework.bus.bus import Bus
from needlework.bus.permissions import WORKSPACES_WRITE
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.http.app import Application, build_app
from needlework.http.settings import HttpSettings
from needlework.http.testing import MakeApp, client_of, raw, served, status_of

pytestmark = pytest.mark.anyio
URL = "/api/internal/pubsub/publish"


async def stored(bus: Bus) -> int:
    """Messages in the database."""
    return int((await bus.store.read(Statement("SELECT count(*) FROM messages")))[0][0])


async def test_it_answers_id_and_time_after_the_commit(http: httpx2.AsyncClient, bus: Bus) -> None:
    answer = await http.post(URL, json={"topic": "t.echo", "key": {"id": "a"}, "data": {}})
    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {"id", "published", "topic"}
    assert body["id"].startswith("msg_")
    assert body["published"].endswith("Z")
    assert await stored(bus) == 1


async def test_key_and_data_fill_one_record(http: httpx2.AsyncClient, bus: Bus) -> None:
    sent = {"topic": "t.echo", "key": {"id": "a"}, "data": {"text": "hi", "tags": ["x"]}}
    ident = (await http.post(URL, json=sent)).json()["id"]
    await drain(bus)
    seen = (await http.get(f"/api/internal/pubsub/messages/{ident}")).json()
    assert (seen["key"], seen["data"]["text"], seen["state"]) == ({"id": "a"}, "hi", "done")
    assert seen["result"] == {"id": "a", "text": "hi", "n": 0}


@pytest.mark.parametrize("data", [b"{}", b" { } ", b"null", b'{"n":1}', b' {\n"n" : 1 }\n'])
@pytest.mark.parametrize("key", [b'{"id":"a"}', b'{ "id" : "a" } '])
async def test_white_space_changes_nothing(http: httpx2.AsyncClient, key: bytes, data: bytes) -> None:
    text = b'{"topic":"t.echo","key":' + key + b',"data":' + data + b"}"
    assert (await http.post(URL, content=text)).status_code == 200


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"topic": "t.echo", "key": {}, "data": {}}, ["key.id"]),
    ({"topic": "t.echo"}, ["key.id"]),
    ({"topic": "t.echo", "key": {"idd": "a"}}, ["key.idd", "key.id"]),
    ({"topic": "t.echo", "key": {"id": 1}, "data": {"n": "x", "m": 1}}, ["data.m", "key.id", "data.n"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "data": {"id": "b"}}, ["data.id"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "data": {"tags": ["x", 1]}}, ["data.tags[1]"]),
    ({"topic": "t.echo", "key": "a"}, ["key"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "data": []}, ["data"]),
    ({"topic": "t.ecko", "key": {"id": "a"}}, ["topic"]),
    ({"topic": 1}, ["topic"]),
    ({"key": {}}, ["topic"]),
    ({"topic": "t.look", "key": {"id": "a"}}, ["topic"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "deliver_afer": "x"}, ["deliver_afer"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "deliver_after": "tomorrow"}, ["deliver_after"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "deliver_after": "2024-01-01T00:00:00"}, ["deliver_after"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "deliver_after": "2024-13-01T00:00:00Z"}, ["deliver_after"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "deliver_after": 1_700_000_000_000}, ["deliver_after"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "deliver_after": 25}, ["deliver_after"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "deliver_after": -1.5}, ["deliver_after"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "deliver_after": "2199-01-01T00:00:00Z"}, ["deliver_after"]),
    ({"topic": "t.echo", "key": {"id": "a"}, "force": "yes"}, ["force"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "fields"), WRONG)
async def test_every_wrong_field_is_named(
    http: httpx2.AsyncClient, bus: Bus, body: dict[str, Any], fields: list[str]
) -> None:
    answer = await http.post(URL, json=body)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert await stored(bus) == 0


async def test_a_misspelt_name_is_told_the_right_one(http: httpx2.AsyncClient) -> None:
    answer = await http.post(URL, json={"topic": "t.echo", "key": {"id": "a"}, "deliver_afer": "x"})
    assert answer.json()["errors"][0]["hint"] == "did you mean 'deliver_after'?"
    assert "t.echo" in (await http.post(URL, json={"topic": "t.ecko"})).json()["detail"]


@pytest.mark.parametrize(
    "after", ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00+02:00", 1_704_067_200, 1_700_000_000.5, 0, None]
)
async def test_a_time_in_the_past_is_now(http: httpx2.AsyncClient, after: Any) -> None:
    sent = {"topic": "t.echo", "key": {"id": "a"}, "deliver_after": after}
    answer = await http.post(URL, json=sent)
    assert answer.status_code == 200
    assert "deliver_after" not in answer.json()


async def test_a_later_time_is_confirmed(http: httpx2.AsyncClient, bus: Bus) -> None:
    soon = bus.clock.now() // 1_000_000 + 3600
    answer = await http.post(URL, json={"topic": "t.echo", "key": {"id": "a"}, "deliver_after": soon})
    ident = answer.json()["id"]
    assert answer.json()["deliver_after"].endswith("Z")
    explained = (await http.get(f"/api/internal/pubsub/messages/{ident}/explain")).json()
    assert explained["deliveries"][0]["text"]


async def test_an_identical_pending_message_is_the_same_one_unless_forced(http: httpx2.AsyncClient, bus: Bus) -> None:
    sent = {"topic": "t.echo", "key": {"id": "a"}, "deliver_after": bus.clock.now() // 1_000_000 + 3600}
    first, second = (await http.post(URL, json=sent)).json(), (await http.post(URL, json=sent)).json()
    assert (second["id"], second["deduplicated"]) == (first["id"], True)
    forced = (await http.post(URL, json={**sent, "force": True})).json()
    assert forced["id"] != first["id"]


async def test_an_idempotency_key_gives_the_first_answer(http: httpx2.AsyncClient) -> None:
    key = {"idempotency-key": "once"}
    sent = {"topic": "t.echo", "key": {"id": "a"}}
    first = await http.post(URL, json=sent, headers=key)
    again = await http.post(URL, json=sent, headers=key)
    assert again.json()["id"] == first.json()["id"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = await http.post(URL, json={**sent, "data": {"n": 2}}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    for bad in ("", "x" * 256, "a\tb", "\xa0once", "once\x85"):  # the last two were cut to another key
        answer = await http.post(URL, json=sent, headers={b"idempotency-key": bad.encode("latin-1")})
        assert answer.status_code == 422


async def test_a_list_is_stored_whole(http: httpx2.AsyncClient, bus: Bus) -> None:
    sent = [{"topic": "t.echo", "key": {"id": str(number)}} for number in range(50)]
    answer = await http.post(URL, json=sent)
    assert len({entry["id"] for entry in answer.json()}) == 50
    assert (await http.post(URL, json=[])).json() == []
    assert await stored(bus) == 50
    again = {"idempotency-key": "list"}
    one = (await http.post(URL, json=sent, headers=again)).json()
    two = await http.post(URL, json=sent, headers=again)
    assert two.json()[7]["id"] == one[7]["id"]
    assert two.headers["idempotency-replayed"] == "true"


async def test_or_not_at_all_and_every_wrong_index_is_named(http: httpx2.AsyncClient, bus: Bus) -> None:
    good = {"topic": "t.echo", "key": {"id": "a"}}
    sent = [good, {"topic": "nope"}, good, {"topic": "t.echo"}, {"topic": "t.secret"}]
    answer = await http.post(URL, json=sent)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["[1].topic", "[3].key.id", "[4].topic"]
    assert (await http.post(URL, json=[good, sent[4]])).status_code == 403
    broken = await http.post(URL, json=[good, {"topic": 1}])
    assert broken.json()["errors"][0]["field"] == "[1].topic"
    assert await stored(bus) == 0


async def test_internal_topics_are_for_handlers(http: httpx2.AsyncClient) -> None:
    answer = await http.post(URL, json={"topic": "t.secret"})
    assert (answer.status_code, answer.json()["code"]) == (403, "internal_topic")


async def test_the_topics_own_permission_is_needed_besides(
    app: Application, token: Callable[..., Awaitable[str]]
) -> None:
    bearer = {"authorization": f"Bearer {await token(WORKSPACES_WRITE)}"}
    async with client_of(app, headers=bearer) as client:
        answer = await client.post(URL, json={"topic": "t.tasks"})
    assert answer.status_code == 403
    assert "permissionTasksWrite" in answer.json()["detail"]


async def test_a_message_is_at_most_256_kib(http: httpx2.AsyncClient, bus: Bus) -> None:
    sent = {"topic": "t.echo", "key": {"id": "a"}, "data": {"text": "x" * 300_000}}
    assert (await http.post(URL, json=sent)).status_code == 413
    assert await stored(bus) == 0


async def test_query_parameters_are_refused(http: httpx2.AsyncClient) -> None:
    assert (await http.post(URL + "?topic=t.echo", json={"topic": "t.echo"})).status_code == 422


async def test_a_name_in_key_and_data_is_found_however_it_is_written(http: httpx2.AsyncClient) -> None:
    for data in (b'{"id":"b"}', b'{"n":1,"i\\u0064":"b"}', b'{ "id" : "b" }'):
        answer = await http.post(URL, content=b'{"topic":"t.echo","key":{"id":"a"},"data":' + data + b"}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "data.id"), data
    text = '{"topic":"t.echo","key":{"id":"a"},"data":{"text":"an \\"id\\" of its own"}}'
    assert (await http.post(URL, content=text)).status_code == 200


async def test_a_body_that_came_with_its_headers_is_held_to_the_limit(make_app: MakeApp) -> None:
    body = b'{"topic":"t.echo","key":{"id":"a"}}'
    head = b"POST " + URL.encode() + b" HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    request = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for limit, status in ((len(body), 200), (len(body) - 1, 413)):
        async with served(make_app(body_limit=limit)) as address:
            assert status_of(await raw(address, request)) == status


async def test_p05_a_repeat_is_the_same_after_its_time_has_passed(registry: Registry, tmp_path: Path) -> None:
    """A time that had passed was made "now" before it was compared: the repeat of a delayed publish heard 409."""
    clock = ManualClock()
    async with running_bus(registry, tmp_path / "own", clock=clock) as bus:
        app = build_app(bus, HttpSettings())
        async with client_of(app, headers={"idempotency-key": "k"}) as client:
            sent = {"topic": "t.work", "key": {"id": "a"}, "deliver_after": clock.now() // 1_000_000 + 10}
            first = await client.post(URL, json=sent)
            clock.advance(20)
            again = await client.post(URL, json=sent)
            other = await client.post(URL, json={**sent, "deliver_after": 0})
        await app.aclose()
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert other.status_code == 409


async def test_p05_a_list_is_one_body_and_its_key_collides_with_no_other(http: httpx2.AsyncClient) -> None:
    """Its keys were `k:0`, `k:1`: a longer list was taken for a repeat, and a key of that very name for its message."""
    key = {"idempotency-key": "k"}
    one, two = ({"topic": "t.held", "data": {"id": name}} for name in ("one", "two"))
    assert (await http.post(URL, json=[one, two], headers=key)).status_code == 200
    for other in ([one], [one, two, one], [two, one], one):
        assert (await http.post(URL, json=other, headers=key)).status_code == 409, other
    alone = await http.post(URL, json=two, headers={"idempotency-key": "k:1"})
    assert alone.status_code == 200
    assert "idempotency-replayed" not in alone.headers
