"""Operations: path, query and body fill the record; the policy says how they are answered."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import needlework
import pytest
from needlework.bus import asking
from needlework.bus.bus import Bus
from needlework.bus.permissions import ALL
from needlework.bus.policies import TopicPolicy
from needlework.bus.registry import Registry, Topic
from needlework.bus.testing import drain
from needlework.http.runners import origin_of

pytestmark = pytest.mark.anyio
LIMIT = 10


async def test_path_query_and_body_fill_one_record(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/a%20b/echo?n=3", json={"text": "hi"})
    assert answer.json() == {"id": "a b", "text": "hi", "n": 3}
    assert answer.headers["x-message-id"].startswith("msg_")


@pytest.mark.parametrize(
    ("query", "understood"),
    [
        ("", {"from": None, "until": None, "dry": False}),
        ("from=1609459200&until=1640995200", {"from": 1609459200, "until": 1640995200, "dry": False}),
        ("from=1.5&dry=1", {"from": 1.5, "until": None, "dry": True}),
        (
            "from=2021-01-01T00%3A00%3A00Z&dry=false",
            {"from": "2021-01-01T00:00:00Z", "until": None, "dry": False},
        ),
        ("dry=True", {"from": None, "until": None, "dry": True}),
    ],
)
async def test_text_in_the_query_becomes_what_the_field_is(
    http: httpx2.AsyncClient, query: str, understood: dict[str, Any]
) -> None:
    assert (await http.post(f"/api/t/range?{query}")).json() == understood


async def test_the_same_fields_may_stand_in_the_body(http: httpx2.AsyncClient) -> None:
    assert (await http.post("/api/t/range", json={"from": 1, "dry": True})).json()["from"] == 1


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/t/range?untl=1", {}, "untl"), ("/api/t/range?from_=1", {}, "from_"),
        ("/api/t/range", {"untl": 1}, "untl"),
        ("/api/t/range?dry=perhaps", {}, "dry"), ("/api/t/range?dry=1&dry=0", {}, "dry"),
        ("/api/t/range?dry=true", {"dry": False}, "dry"), ("/api/t/a/echo?id=b", {}, "id"),
        ("/api/t/a/echo", {"id": "b"}, "id"), ("/api/t/a/echo?n=x", {}, "n"),
        ("/api/t/a/echo?text=%00", {}, "text"),
        ("/api/t/a/echo?text=%ff", {}, "query"), ("/api/t/a/echo?n=", {}, "n"), ("/api/t/bad", {}, "how"),
        ("/api/t/a/echo", {"n": "3"}, "n"),
        ("/api/t/a/echo?" + "&".join(f"x{n}=1" for n in range(200)), {}, "query"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named_and_nothing_is_done(
    http: httpx2.AsyncClient, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await http.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert (await http.get("/api/internal/pubsub/messages")).json()["items"] == []


async def test_a_list_in_the_query_is_repeated_or_joined(http: httpx2.AsyncClient, bus: Bus) -> None:
    for query in ("tags=a&tags=b", "tags=a,b"):
        answer = await http.post(f"/api/t/x/echo?{query}")
        seen = await bus.message(bus.workspaces.by_name["default"], answer.headers["x-message-id"])
        assert seen["data"]["tags"] == ["a", "b"]


async def test_a_reply_carries_headers_of_its_own_but_no_lines(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/a/echo", json={"text": "wrapped"})
    assert answer.json() == {"only": True}
    assert answer.headers["x-needlework-skipped"] == "two??X-Evil: 1"
    assert "x-evil" not in answer.headers


async def test_a_refusal_is_a_problem_document(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/bad", json={"how": "refuse"})
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"], body["least"]) == (422, 422, "too_little", 200)
    assert body["type"].endswith(":too_little")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["errors"] == [{"field": "how", "message": "is bad"}]


async def test_a_failure_tells_nothing_of_the_inside(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/bad", json={"how": "raise"})
    assert (answer.status_code, answer.json()["code"]) == (500, "dead_letter")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_query_is_answered_inline_and_never_stored(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/api/t/x/look?limit=3")).json() == {"id": "x", "limit": 3}
    assert (await http.head("/api/t/x/look")).status_code == 200
    assert (await http.get("/api/t/absent/look")).status_code == 404
    streamed = await http.get("/api/t/x/look", headers={"accept": "text/event-stream"})
    assert streamed.text == 'event: result\ndata: {"data":{"id":"x","limit":5}}\n\n'
    assert (await http.get("/api/internal/pubsub/messages")).json()["items"] == []


async def test_accepted_work_says_where_to_look(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/held", json={"id": "a"})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/internal/pubsub/messages/{answer.json()['id']}"
    seen = (await http.get(answer.headers["location"])).json()
    assert (seen["topic"], seen["principal"]) == ("t.held", "local")


async def test_what_goes_says_so(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/held")
    assert answer.headers["deprecation"] == "@1767225600"
    assert answer.headers["sunset"] == "Wed, 02 Jan 2030 00:00:00 GMT"


async def test_prefer_respond_async_and_a_short_wait(http: httpx2.AsyncClient, bus: Bus) -> None:
    answer = await http.post("/api/t/a/echo", headers={"prefer": "respond-async"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    assert answer.json()["location"] == answer.headers["location"]
    await bus.pause("r", "test")
    answer = await http.post("/api/t/b/echo", headers={"prefer": "wait=0"})
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert answer.headers["preference-applied"] == "wait=0"
    await bus.resume("r", "test")
    await drain(bus)
    assert (await http.get(answer.headers["location"])).json()["result"]["id"] == "b"


async def test_an_idempotency_key_repeats_the_first_answer(http: httpx2.AsyncClient) -> None:
    key = {"idempotency-key": "k"}
    answers = await asyncio.gather(*(http.post("/api/t/a/echo?n=1", headers=key) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["x-message-id"] for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == ["", *["true"] * 9]
    assert (await http.post("/api/t/a/echo?n=2", headers=key)).status_code == 409


async def test_what_no_living_process_runs_is_accepted_and_explained(
    http: httpx2.AsyncClient, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.01)
    await bus.store.release()
    queue = bus.dispatcher.queues.pop("r")
    queue.lane.live = False
    answer = await http.post("/api/t/a/echo")
    assert answer.status_code == 202
    why = (await http.get(f"{answer.headers['location']}/explain")).json()
    assert why["deliveries"][0]["reason"] == "no_live_runner"


async def test_messages_are_listed_filtered_and_paged(http: httpx2.AsyncClient) -> None:
    for number in range(LIMIT):
        await http.post("/api/t/held", json={"id": str(number)})
    await http.post("/api/t/a/echo")
    page = (await http.get("/api/internal/pubsub/messages?limit=4&topic=t.held")).json()
    rest = (await http.get(f"/api/internal/pubsub/messages?topic=t.held&cursor={page['next_cursor']}")).json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (4, 6, None)
    done = (await http.get("/api/internal/pubsub/messages?state=done")).json()
    assert [item["topic"] for item in done["items"]] == ["t.echo"]
    for query in ("limit=0", "limit=x", "limit=501", "cursor=x", "state=gone", "topic=t.ecko", "limt=1"):
        assert (await http.get(f"/api/internal/pubsub/messages?{query}")).status_code == 422, query


async def test_a_message_is_cancelled_once(http: httpx2.AsyncClient, bus: Bus) -> None:
    await bus.pause("r", "test")
    where = (await http.post("/api/t/a/echo", headers={"prefer": "respond-async"})).headers["location"]
    assert (await http.post(f"{where}/cancel")).json() == {"cancelled": 1}
    assert (await http.post(f"{where}/cancel")).status_code == 409
    assert (await http.get(where)).json()["state"] == "cancelled"
    assert (await http.post(f"{where}x/cancel")).status_code == 404
    lines = (await bus.audit.list(bus.workspaces.by_name["default"], action="message.*"))["items"]
    assert [(line["action"], line["principal"]) for line in lines] == [("message.cancelled", "local")]
    assert (await http.post(f"{where}/cancel", json={"force": True})).status_code == 422


async def test_a_runner_is_held_and_let_go(http: httpx2.AsyncClient) -> None:
    assert (await http.post("/api/internal/runners/r/pause")).json() == {"id": "r", "paused": True}
    runners = {entry["id"]: entry["paused"] for entry in (await http.get("/api/internal/runners")).json()["items"]}
    assert runners == {"r": True, "slow": False, "never": False}
    assert (await http.post("/api/internal/runners/r/resume")).json() == {"id": "r", "paused": False}
    missing = await http.post("/api/internal/runners/slo/pause")
    assert (missing.status_code, "slow" in missing.json()["detail"]) == (404, True)


async def test_the_workspace_and_its_configuration(http: httpx2.AsyncClient) -> None:
    kept = await http.put("/api/workspace/config", json={"config": {"tick": {"disable": True, "reason": "holiday"}}})
    assert kept.json()["config"]["tick"]["disable"] is True
    assert (await http.get("/api/workspace/config")).json() == kept.json()
    assert (await http.put("/api/workspace/config", json={"tik": {}})).status_code == 422
    assert (await http.post("/api/workspaces", json={"name": "Bad Name"})).status_code == 422
    assert (await http.post("/api/workspaces", json={"name": "acme"})).status_code == 201
    assert (await http.post("/api/workspaces", json={"name": "acme"})).status_code == 409
    assert {entry["name"] for entry in (await http.get("/api/workspaces")).json()["items"]} == {
        "default",
        "acme",
    }


async def test_health_tells_a_browser_where_the_page_is(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/")).text == '{"status":"ok"}'
    browser = await http.get("/", headers={"accept": "text/html,application/xhtml+xml"})
    assert (browser.status_code, browser.headers["location"]) == (307, "/ui")
    assert (await http.get("/healthz")).json()["status"] == "ok"
    assert (await http.get("/readyz")).json()["ready"] is True


async def test_metrics_name_routes_by_their_pattern(http: httpx2.AsyncClient) -> None:
    await http.post("/api/t/secret-id/echo")
    text = (await http.get("/metrics")).text
    assert 'needlework_http_requests_total{method="POST",route="/api/t/{id}/echo",status="200"} 1.0' in text
    assert 'needlework_messages{state="unfinished",topic="t.echo",workspace="default"}' in text
    assert "secret-id" not in text


async def test_metrics_of_another_workspace_are_not_told(bus: Bus, http: httpx2.AsyncClient) -> None:
    """S15: what others call, how often and how long it took, was in everybody's figures."""
    other = await bus.workspaces.create("other", "test")
    text, _ = await bus.tokens.create("b", ALL, frozenset({other.id}), None, "test")
    theirs = {"authorization": f"Bearer {text}"}
    for name in "abc":
        await http.post(f"/api/t/{name}/echo")
    await http.post("/api/t/z/echo", headers=theirs)
    echo = 'needlework_http_requests_total{method="POST",route="/api/t/{id}/echo",status="200"}'
    slow = 'needlework_http_request_seconds_count{route="/api/t/{id}/echo"}'
    for headers, count in ((theirs, "1.0"), ({}, "4.0")):
        figures = (await http.get("/metrics", headers=headers)).text
        assert f"{echo} {count}" in figures
        assert f"{slow} {count}" in figures


async def test_topics_say_where_they_come_from_but_not_where_that_lies(http: httpx2.AsyncClient) -> None:
    items = (await http.get("/api/internal/pubsub/topics")).json()["items"]
    assert {item["origin"] for item in items} == {"topics"}


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        (str(Path(needlework.__file__ or "").parent / "topics.toml"), "topics.toml"),
        ("/srv/somewhere/plugins/greetings/topics.toml", "greetings"),
        ("/srv/somewhere/plugins/hello.toml", "hello"),
    ],
)
async def test_an_origin_is_a_file_of_ours_or_a_plugin(registry: Registry, origin: str, shown: str) -> None:
    echo = registry.topics["t.echo"]
    assert origin_of(Topic(echo.name, echo.type, echo.policy, origin)) == shown


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"deprecated_since": "soon"}, "not a date"),
        ({"sunset": "31.12.2027"}, "not a date"),
        ({"deprecated_since": "2027-01-02", "sunset": "2027-01-01"}, "before"),
    ],
)
async def test_dates_that_cannot_be_meant_are_refused(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        TopicPolicy(summary="x", permission="permissionRead", **wrong)
