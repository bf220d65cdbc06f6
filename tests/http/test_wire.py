"""The wire against those who mean harm: each of these once kept a connection, its memory, or an answer that was due."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator

import pytest
from needlework.bus.bus import Bus
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.http.app import Application
from needlework.http.protocol import BoundedProtocol
from needlework.http.server import Server
from needlework.http.testing import MakeApp, raw, served, serving, status_of

pytestmark = pytest.mark.anyio
HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST /api/t/held HTTP/1.1\r\n" + HOST


@contextlib.asynccontextmanager
async def deaf(address: tuple[str, int], request: bytes) -> AsyncIterator[socket.socket]:
    """A client that sends and takes nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, address)
    try:
        await loop.sock_sendall(client, request)
        yield client
    finally:
        client.close()


async def until_connections(server: Server, count: int) -> None:
    """Wait until the server has so many connections."""
    async with asyncio.timeout(8):
        while len(server.server_state.connections) != count:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0)


async def until_streams(app: Application, count: int) -> None:
    """Wait until so many streams are open."""
    async with asyncio.timeout(8):
        while len(app.streams) != count:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0)


async def test_a_stream_whose_reader_takes_nothing_is_cut_off_at_once_and_for_good(
    make_app: MakeApp, bus: Bus, registry: Registry
) -> None:
    """P10. Closing such a connection waited for the reader to take what was left: 3 of 10 stayed for ever."""
    app, here = make_app(stream_send_timeout=0.3), bus.workspaces.by_name["default"]
    kind = registry.topic("t.echo").type
    async with serving(app) as (server, address), contextlib.AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(
                deaf(address, b"GET /api/internal/pubsub/events HTTP/1.1\r\n" + HOST + b"\r\n")
            )
        await until_streams(app, 10)
        for number in range(60):
            await bus.publish(Publication(message=kind(id=str(number), text="x" * 200_000), workspace=here))
        await until_connections(server, 0)
        await until_streams(app, 0)


async def test_an_answer_that_is_never_taken_does_not_keep_a_closing_connection(make_app: MakeApp) -> None:
    """S11: less than the buffer's mark was left, so nothing was stalled and nothing had a deadline."""
    app = make_app(send_timeout=0.3)
    async with serving(app) as (server, address):
        page = b"GET /openapi.json HTTP/1.1\r\n" + HOST
        async with deaf(address, (page + b"\r\n") * 400 + page + b"Connection: close\r\n\r\n"):
            await until_connections(server, 1)
            await until_connections(server, 0)


async def test_a_body_that_comes_after_its_answer_does_not_keep_a_connection(make_app: MakeApp) -> None:
    """S11: the last byte took the deadline away."""
    app = make_app(keep_alive=0.4)
    async with served(app) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"x")
        await asyncio.wait_for(reader.read(), 5)
        writer.close()


@pytest.mark.parametrize("endless", [b"0\r\nX: ", b"2;x=", b"2\r\n{}\r\n0\r\nX"], ids=["trailer", "extension", "name"])
async def test_what_never_ends_between_the_pieces_of_a_body_is_refused(app: Application, endless: bytes) -> None:
    """S10: one trailer without an end was kept in memory until the body's deadline."""
    async with served(app) as address:
        answer = await raw(address, POST + b"Transfer-Encoding: chunked\r\n\r\n" + endless + b"a" * (1 << 20))
        assert status_of(answer) in (400, 0)
        reader, writer = await asyncio.open_connection(*address)
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n" + endless)
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                writer.write(b"a" * 1000)
                await writer.drain()
        with contextlib.suppress(ConnectionError):
            assert status_of(await asyncio.wait_for(reader.read(), 5)) in (400, 0)
        writer.close()


async def test_small_pieces_of_a_body_are_a_body(app: Application) -> None:
    """A body in 40,000 chunks of one byte has more framing than the limit allows at one place."""
    body = b'{"id":"' + b"a" * 39_000 + b'"}'
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    async with served(app) as address:
        reader, writer = await asyncio.open_connection(*address)
        head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
        for start in range(0, len(chunks), 3000):
            writer.write(head + chunks[start : start + 3000])
            head = b""
            await writer.drain()
        assert status_of(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)) == 202
        writer.close()


OLD = {
    "1.0 with chunks": (b"POST /api/t/held HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "2.0": (b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    "0.9": (b"GET /healthz HTTP/0.9\r\n" + HOST + b"\r\n", 505),
    "1.0": (b"GET /healthz HTTP/1.0\r\n" + HOST + b"\r\n", 200),
}


@pytest.mark.parametrize("name", OLD)
async def test_only_the_versions_that_are_spoken_are_answered(app: Application, name: str) -> None:
    request, expected = OLD[name]
    async with served(app) as address:
        assert status_of(await raw(address, request)) == expected


async def test_who_offers_an_upgrade_is_answered_without_it_and_told_that_nothing_more_is_heard(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """A request pipelined behind it was dropped without a word, on a connection that stayed open."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    async with served(app) as address:
        for request in (GET + upgrade + b"\r\n", POST + upgrade + b"Content-Length: 2\r\n\r\n{}"):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(request + GET + b"\r\n")
            answer = await asyncio.wait_for(reader.read(), 5)  # to its end: the connection is closed
            assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202"))
            assert answer.count(b"HTTP/1.1 ") == 1
            assert b"\r\nconnection: close\r\n" in answer
            writer.close()
        for _ in range(50):
            await raw(address, b"\x16\x03\x01 nonsense\r\n\r\n")
    assert not caplog.records, "what strangers send writes no line before anybody knows them"


async def test_a_bad_request_does_not_take_the_answer_of_the_one_before(app: Application) -> None:
    """Its refusal was written first, and was taken for the answer of the request that had been carried out."""
    for bad in (b"nonsense\r\n\r\n", b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", GET + b"A: b\r\n" * 200 + b"\r\n"):
        async with served(app) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(POST + b"Content-Length: 10\r\n\r\n" + b'{"id":"a"}' + bad)
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
        assert answer.startswith(b"HTTP/1.1 202")
        assert answer.count(b"HTTP/1.1 ") == 1


async def test_thousands_of_requests_at_once_wait_as_bytes_and_are_all_answered(app: Application) -> None:
    """Each waiting request costs a hundred times its bytes: one read of 256 KiB held ten thousand of them."""
    most = 0
    async with serving(app) as (server, address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write((b"GET / HTTP/1.1\r\nHost:localhost\r\n\r\n") * 4999 + GET + b"Connection: close\r\n\r\n")
        answer = asyncio.ensure_future(reader.read())
        while not answer.done():
            for connection in server.server_state.connections:
                assert isinstance(connection, BoundedProtocol)
                most = max(most, len(connection.pipeline))
            await asyncio.sleep(0)
        assert (await answer).count(b"HTTP/1.1 200") == 5000
        writer.close()
    assert 0 < most < 200


LAST = HOST + b"Connection: close\r\n\r\n"
REFUSED = [
    b"nonsense\r\n\r\n", GET + b"A: b\r\n" * 200 + b"\r\n", b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    GET + b"Origin: http://evil.example\r\n\r\n", GET + b"Authorization: Bearer x\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", b"GET /nothing HTTP/1.1\r\n" + LAST, b"PUT / HTTP/1.1\r\n" + LAST,
    b"GET / HTTP/2.0\r\n" + LAST, POST + b"Content-Length: 1073741824\r\n\r\n",
    POST + b"Content-Type: multipart/form-data\r\n\r\n", GET + b"\r\n", POST + b"Content-Length: 3\r\n\r\n{x}",
    b"GET /ui HTTP/1.1\r\n" + LAST, b"OPTIONS / HTTP/1.1\r\n" + LAST, b"GET /metrics HTTP/1.1\r\n" + LAST,
    b"HEAD /healthz HTTP/1.1\r\n" + LAST,
]  # fmt: skip


@pytest.mark.parametrize("request_text", REFUSED, ids=range(len(REFUSED)))
async def test_every_answer_carries_the_security_headers(app: Application, request_text: bytes) -> None:
    """Section 2, headers: also those that the wire writes itself, before there is an application."""
    async with served(app) as address:
        head = (await raw(address, request_text)).partition(b"\r\n\r\n")[0].lower()
    for name in (b"content-security-policy: default-src 'none'; script-src 'self'", b"x-content-type-options: nosniff",
                 b"cross-origin-resource-policy: same-origin", b"cross-origin-opener-policy: same-origin",
                 b"referrer-policy: no-referrer", b"cache-control: "):  # fmt: skip
        assert b"\r\n" + name in head


async def test_f10_what_came_while_the_service_was_stopped_is_answered(make_app: MakeApp) -> None:
    """Story: after 25 s of SIGSTOP it met its deadlines before it read what waited, and answered 408."""
    async with serving(make_app(header_timeout=0.6)) as (server, address):
        with socket.create_connection(address) as client:
            client.sendall(GET)
            await until_connections(server, 1)
            (connection,) = server.server_state.connections
            assert isinstance(connection, BoundedProtocol)
            async with asyncio.timeout(8):
                while not connection._header_bytes:  # noqa: ASYNC110 - nothing signals it
                    await asyncio.sleep(0)
            here, there = socket.socketpair()
            loop = asyncio.get_running_loop()

            def stopped() -> None:
                """In the middle of what the loop has been told of: it looks at its timers before it reads again."""
                loop.remove_reader(here)
                client.sendall(b"Connection: close\r\n\r\n")
                threading.Event().wait(1)  # nothing of the service runs

            loop.add_reader(here, stopped)
            with here, there:
                there.send(b".")
                answer = await asyncio.to_thread(client.recv, 65_536)
    assert status_of(answer) == 200
