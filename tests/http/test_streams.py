"""Event streams: numbered, resumable, bounded; they end by themselves, with their token, and with the server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import msgspec
import pytest
from needlework.bus.bus import Bus
from needlework.bus.permissions import ALL
from needlework.bus.principals import Principal
from needlework.bus.records import EventRecord, Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.workspaces import Workspace
from needlework.http.app import Application
from needlework.http.event_stream import EventStream
from needlework.http.problems import Disconnected
from needlework.http.routes import Caller
from needlework.http.testing import MakeApp, served

pytestmark = pytest.mark.anyio
STREAM = {"accept": "text/event-stream"}


def frames(text: str) -> list[dict[str, str]]:
    """The frames of a stream, comments left out."""
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines() if line and not line.startswith(":")]
        if lines:
            found.append({name: value for name, _, value in lines})
    return found


def told(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Number and kind of each frame that is an event."""
    return [(frame["id"], frame["event"]) for frame in found if "id" in frame]


async def test_an_operation_is_streamed_to_its_end(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/a/work")
    found = frames(answer.text)
    assert answer.headers["content-type"] == "text/event-stream"
    assert found[0] == {"retry": "2000"}
    assert found[1]["event"] == "accepted"
    assert msgspec.json.decode(found[1]["data"])["location"] == answer.headers["location"]
    kinds = [kind for _, kind in told(found)]
    assert kinds == ["progress", "progress", "progress", "result"]
    numbers = [int(number) for number, _ in told(found)]
    assert numbers == sorted(set(numbers))
    assert msgspec.json.decode(found[-1]["data"])["data"] == {"steps": 3}


async def test_any_operation_can_be_watched(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/a/echo?text=hi", headers=STREAM)
    assert [kind for _, kind in told(frames(answer.text))] == ["result"]
    detached = await http.post("/api/t/b/work", headers={"prefer": "respond-async"})
    assert detached.status_code == 202


async def test_a_stream_resumes_without_gap_or_repeat_and_then_ends_for_good(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/t/a/work")
    where, whole = answer.headers["location"], told(frames(answer.text))
    assert told(frames((await http.get(where)).text)) == whole
    for number, (ident, _) in enumerate(whole[:-1]):
        by_header = await http.get(where, headers={"last-event-id": ident})
        assert told(frames(by_header.text)) == whole[number + 1 :]
        assert told(frames((await http.get(f"{where}?after={ident}")).text)) == whole[number + 1 :]
    assert (await http.get(where, headers={"last-event-id": whole[-1][0]})).status_code == 204
    for bad in ("x", "-1", "9" * 30):
        assert (await http.get(where, headers={"last-event-id": bad})).status_code == 422


async def test_absent_and_foreign_messages_have_no_stream(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/api/internal/pubsub/messages/msg_x/events")).status_code == 404
    assert (await http.get("/api/internal/pubsub/events?topic=t.ech")).status_code == 422


async def test_a_resume_point_that_is_gone_is_told(app: Application, http: httpx2.AsyncClient, bus: Bus) -> None:
    for name in "abc":
        await http.post(f"/api/t/{name}/echo")
    mark = Statement(
        "INSERT INTO pruned (workspace, topic, event) SELECT workspace, topic, seq FROM events WHERE seq = 2"
    )
    await bus.store.write([mark, Statement("DELETE FROM events WHERE seq <= 2")])
    async with served(app) as address, opened(address, "/api/internal/pubsub/events?after=1") as lines:
        found = await until(lines, "result")
    assert found[2:4] == ["event: reset", 'data: {"oldest":3}']


async def until(lines: AsyncIterator[str], kind: str) -> list[str]:
    """The lines of a stream up to the data of the first event of a kind."""
    found: list[str] = []
    async with asyncio.timeout(10):
        async for line in lines:
            found.append(line)
            if len(found) > 1 and found[-2] == f"event: {kind}":
                break
    return found


@contextlib.asynccontextmanager
async def opened(
    address: tuple[str, int], path: str, method: str = "GET", **options: Any
) -> AsyncIterator[AsyncIterator[str]]:
    """A stream over a real socket, line by line."""
    async with (
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{address[1]}") as client,
        client.stream(method, path, timeout=10, **options) as answer,
    ):
        assert answer.status_code == 200
        yield answer.aiter_lines()


async def test_live_events_of_a_topic_arrive_as_they_happen(app: Application, http: httpx2.AsyncClient) -> None:
    async with served(app) as address, opened(address, "/api/internal/pubsub/events?topic=t.echo") as lines:
        await until_open(app, 1)
        await http.post("/api/t/other/work")
        await http.post("/api/t/a/echo?text=live")
        found = await until(lines, "result")
    assert '"text":"live"' in found[-1]
    assert not any("t.work" in line for line in found)


async def until_open(app: Application, count: int) -> None:
    """Wait until so many streams are open, by letting others run."""
    async with asyncio.timeout(10):
        while len(app.streams) != count:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0)


async def test_closing_a_stream_never_cancels_the_work(app: Application, bus: Bus, http: httpx2.AsyncClient) -> None:
    async with served(app) as address:
        async with opened(address, "/api/t/gate/work", "POST", json={"gated": True}) as lines:
            found = await until(lines, "progress")
            ident = next(line for line in found if "location" in line)
        await until_open(app, 0)
        where = msgspec.json.decode(ident.removeprefix("data: "))["location"]
        message = where.removesuffix("/events")
        assert (await http.get(message)).json()["state"] == "running"
        assert (await http.post(f"{message}/cancel")).status_code == 200


async def test_too_many_streams_of_a_workspace_are_429(make_app: MakeApp, bus: Bus) -> None:
    app = make_app(streams_per_workspace=2)
    events = "/api/internal/pubsub/events"
    async with served(app) as address, opened(address, events) as one:
        async with opened(address, events):
            await until_open(app, 2)
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{address[1]}") as client:
                refused = await client.get(events)
                assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
                assert (await client.post("/api/t/a/work")).status_code == 429
                assert (await client.post("/api/t/a/echo")).status_code == 200
        await until_open(app, 1)
        async with opened(address, events):
            await until_open(app, 2)
        del one


async def test_revoking_a_token_closes_its_streams(
    app: Application, bus: Bus, token: Callable[..., Awaitable[str]]
) -> None:
    text = await token()
    ident = text.split("_")[1]
    bearer = {"authorization": f"Bearer {text}"}
    async with served(app) as address, opened(address, "/api/internal/pubsub/events", headers=bearer) as lines:
        await until_open(app, 1)
        await bus.tokens.revoke(ident, "test")
        found = await until(lines, "reset")
        assert "revoked" in found[-1]
        await until_open(app, 0)


async def test_a_revocation_by_another_process_closes_them_within_a_second(
    app: Application, bus: Bus, token: Callable[..., Awaitable[str]]
) -> None:
    text = await token()
    bearer = {"authorization": f"Bearer {text}"}
    async with served(app) as address, opened(address, "/api/internal/pubsub/events", headers=bearer) as lines:
        await until_open(app, 1)
        began = asyncio.get_running_loop().time()
        end = "UPDATE tokens SET revoked_at = 1, revoked_by = 'cli' WHERE id = :id"
        await bus.store.write([Statement(end, {"id": text.split("_")[1]})])
        await until(lines, "reset")
        assert asyncio.get_running_loop().time() - began < 1


async def test_a_session_that_another_process_ends_closes_its_streams_within_a_second(
    make_app: MakeApp, bus: Bus, token: Callable[..., Awaitable[str]]
) -> None:
    app = make_app(require_token=True)
    async with served(app) as address:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{address[1]}", trust_env=False) as browser:
            answer = await browser.post("/login", json={"token": await token()})
        cookie = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
        async with opened(address, "/api/internal/pubsub/events", headers=cookie) as lines:
            await until_open(app, 1)
            await bus.store.write([Statement("UPDATE sessions SET ended_at = 1")])
            assert '{"reason":"revoked"}' in (await until(lines, "reset"))[-1]


async def test_a_stopping_server_ends_streams_with_a_hint(make_app: MakeApp) -> None:
    app = make_app(stream_retry=1234)
    async with contextlib.AsyncExitStack() as stack:
        async with served(app) as address:
            lines = await stack.enter_async_context(opened(address, "/api/internal/pubsub/events"))
            await until_open(app, 1)
        rest = [line async for line in lines]
    assert rest.count("retry: 1234") == 2
    assert ": the server stops" in rest


class _Endless:
    """Events that never stop, made as fast as they are taken."""

    def __init__(self) -> None:
        self.taken = 0

    async def events(self) -> AsyncIterator[EventRecord]:
        while True:
            self.taken += 1
            yield EventRecord(self.taken, 1, 1, "r", 1, "t", "log", 1, b'"%s"' % (b"x" * 1000))
            await asyncio.sleep(0)


def caller() -> Caller:
    """Somebody who may do everything."""
    return Caller(Principal("local", ALL), Workspace(1, "default"), "req_1")


async def test_a_reader_that_takes_nothing_is_dropped_and_costs_little(make_app: MakeApp) -> None:
    app = make_app(stream_send_timeout=0.2)
    source, sent = _Endless(), []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > 2:
            await asyncio.Event().wait()

    stream = EventStream(app.streams, caller(), source.events())
    with pytest.raises(Disconnected):
        await stream({"type": "http", "method": "GET"}, receive, send)
    assert source.taken < 1000
    assert len(app.streams) == 0


async def test_frames_that_came_together_leave_together(make_app: MakeApp) -> None:
    app = make_app()
    sent: list[bytes] = []

    async def burst() -> AsyncIterator[EventRecord]:
        for number in range(1, 201):
            yield EventRecord(number, 1, 1, "r", 1, "t", "log", 1, b"1")

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    await EventStream(app.streams, caller(), burst())({"type": "http", "method": "GET"}, receive, send)
    assert len(sent) < 10
    assert b"".join(sent).count(b"id: ") == 200


async def test_an_idle_stream_is_told_to_be_alive(make_app: MakeApp) -> None:
    app = make_app(heartbeat=0.05)
    async with served(app) as address, opened(address, "/api/internal/pubsub/events") as lines:
        async with asyncio.timeout(5):
            beats = 0
            async for line in lines:
                beats += line == ":"
                if beats == 3:
                    break
    assert beats == 3


async def test_a_batch_is_followed_to_its_end(app: Application, bus: Bus, registry: Registry) -> None:
    await bus.pause("r", "test")
    here = bus.workspaces.by_name["default"]
    kind = registry.topic("t.echo").type
    for number in range(5):
        await bus.publish(Publication(message=kind(id=str(number)), workspace=here, batch="batch_1"))
    where = "/api/internal/batches/batch_1"
    async with served(app) as address, opened(address, where, headers=STREAM) as lines:
        await until_open(app, 1)
        await bus.resume("r", "test")
        found = await until(lines, "result")
    assert msgspec.json.decode(found[-1].removeprefix("data: "))["done"] == 5


async def test_a_batch_that_ends_while_its_stream_begins_is_followed_to_its_end(
    app: Application, bus: Bus, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P10. The state was read before the stream was subscribed: what ended between was never heard of."""
    await bus.pause("r", "test")
    here, look = bus.workspaces.by_name["default"], bus.batch
    kind = registry.topic("t.echo").type
    for number in range(40):
        await bus.publish(Publication(message=kind(id=str(number)), workspace=here, batch="batch_1"))

    async def late(workspace: Workspace, id: str) -> dict[str, Any]:
        state = await look(workspace, id)
        await bus.resume("r", "test")
        while not (await look(workspace, id))["finished"]:
            pass
        return state

    monkeypatch.setattr(bus, "batch", late)
    async with served(app) as address, opened(address, "/api/internal/batches/batch_1", headers=STREAM) as lines:
        found = await until(lines, "result")
    assert msgspec.json.decode(found[-1].removeprefix("data: "))["done"] == 40


async def test_a_slow_reader_of_large_events_holds_few_of_them_and_misses_none(bus: Bus, registry: Registry) -> None:
    """P10: memory a reader is bounded in bytes; it was 512 events of any size."""
    here, kind = bus.workspaces.by_name["default"], registry.topic("t.echo").type
    stream = bus.events(workspace=here)
    first = asyncio.ensure_future(anext(aiter(stream)))
    await asyncio.sleep(0)
    for number in range(200):
        await bus.publish(Publication(message=kind(id=str(number), text="x" * 100_000), workspace=here))
    seen = [await first]
    watcher = next(iter(bus.hub._by_topic[here.id, None]))
    most = 0
    async with asyncio.timeout(20):
        while len(seen) < 200:
            most = max(most, sum(len(event.data or b"") for event in watcher.buffer))
            seen.append(await anext(aiter(stream)))
    assert most < 512 << 10
    numbers = [event.seq for event in seen if isinstance(event, EventRecord)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 200
    assert all(len(event.data or b"") > 100_000 and event.frame.count(event.data or b"?") == 1
               for event in seen if isinstance(event, EventRecord))  # fmt: skip
