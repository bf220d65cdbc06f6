"""The wire: what is too large, too many or too slow is refused early, and costs nobody else anything."""

import asyncio
import contextlib
import resource
import socket

import httpx2
import pytest
from needlework.bus.bus import Bus
from needlework.bus.errors import ConfigError
from needlework.http.app import Application
from needlework.http.server import make_server
from needlework.http.settings import HttpSettings
from needlework.http.testing import MakeApp, listening, raw, served, status_of

pytestmark = pytest.mark.anyio
POST = b"POST /api/t/held HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"

LARGE: dict[str, tuple[bytes, set[int]]] = {
    "1 GiB announced, not sent": (POST + b"Content-Length: 1073741824\r\n\r\n", {413}),
    "64 MiB announced and sent": (POST + b"Content-Length: 67108864\r\n\r\n" + b" " * (4 << 20), {413, 0}),
    "64 MiB in chunks": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 64, {413, 0}
    ),
    "a trailer": (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nHost: evil\r\n\r\n", {400}),
    "endless trailers": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + b"X: aaaaaaaaaaaaaaaa\r\n" * 200_000, {400, 0}
    ),
    "gzip bomb": (POST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx", {415}),
    "1 MiB header": (GET + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n", {431, 0}),
    "10,000 headers": (GET + b"".join(b"X%d: a\r\n" % n for n in range(10_000)) + b"\r\n", {431, 0}),
    "200 small headers": (GET + b"A: b\r\n" * 200 + b"\r\n", {431}),
    "1 MiB path": (b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {414, 431, 0}),
    "10 KiB path": (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {414}),
    "range bomb": (GET + b"Range: bytes=" + b"0-1," * 6000 + b"2-3\r\n\r\n", {200}),
    "cookie bomb": (GET + b"Cookie: " + b"nw_s_6767=x; " * 2000 + b"\r\n\r\n", {200}),
    "64 KiB cookie": (GET + b"Cookie: " + b"a=b; " * 14_000 + b"\r\n\r\n", {431, 0}),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
    "length and chunks": (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", {400}),
    "negative length": (POST + b"Content-Length: -1\r\n\r\n", {400}),
    "endless length": (POST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n", {400, 413}),
    "nonsense": (b"\x16\x03\x01\x02\x00" * 100, {400}),
    "bare line": (b"GET /\r\n\r\n", {400, 421, 505}),
    "header without name": (GET + b": x\r\n\r\n", {400}),
    "folded header": (GET + b"X: a\r\n b\r\n\r\n", {400, 200}),
    "NUL in a header": (GET + b"X: a\x00b\r\n\r\n", {400}),
    "lower-case method": (b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "unknown method": (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405}),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", {405}),
    "CONNECT": (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405}),
    "WebSocket": (GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n", {200, 404}),
    "percent NUL": (b"GET /api/internal/pubsub/messages/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", {404}),
    "percent rubbish": (b"GET /%ff%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", {404}),
    "dots": (b"GET /ui/../../pyproject.toml HTTP/1.1\r\nHost: localhost\r\n\r\n", {404}),
}  # fmt: skip


async def test_what_is_too_large_is_refused_at_once_and_held_nowhere(app: Application) -> None:
    """S10."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with served(app) as address:
        for name, (request, expected) in LARGE.items():
            began = asyncio.get_running_loop().time()
            status = status_of(await raw(address, request))
            assert status in expected, f"{name}: {status}"
            assert asyncio.get_running_loop().time() - began < 1, name
        assert status_of(await raw(address, GET + b"\r\n")) == 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


async def test_headers_within_the_limits_pass_in_small_pieces(app: Application) -> None:
    async with served(app) as address:
        reader, writer = await asyncio.open_connection(*address)
        for request in range(3):
            text = POST + b"X: " + b"a" * 30_000 + b"\r\nContent-Length: 300000\r\n\r\n{}" + b" " * 299_998
            for start in range(0, len(text), 5000):
                writer.write(text[start : start + 5000])
                await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            assert status_of(head) == 202, request
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()


async def test_pipelined_requests_are_answered_in_order(app: Application) -> None:
    async with served(app) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write((GET + b"\r\n") * 5 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert answer.count(b"HTTP/1.1 200") == 6


SLOW = [b"", b"GET / HT", GET, GET + b"X: a", POST + b"Content-Length: 10\r\n\r\n{"]


@pytest.mark.parametrize("start", SLOW)
async def test_who_is_too_slow_is_cut_off(make_app: MakeApp, start: bytes) -> None:
    """S11: nothing said, half a line, half a header block, half a body."""
    app = make_app(header_timeout=0.25, body_timeout=0.25)
    async with served(app) as address:
        began = asyncio.get_running_loop().time()
        answer = await raw(address, start)
        assert status_of(answer) in (408, 0)
        assert 0.1 < asyncio.get_running_loop().time() - began < 2


async def test_a_drip_of_headers_does_not_keep_a_connection(make_app: MakeApp) -> None:
    app = make_app(header_timeout=0.2)
    async with served(app) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET)
        began = asyncio.get_running_loop().time()

        async def ended() -> None:
            with contextlib.suppress(ConnectionError):
                await reader.read()

        closed = asyncio.ensure_future(ended())
        while not closed.done() and asyncio.get_running_loop().time() - began < 3:
            with contextlib.suppress(ConnectionError):
                writer.write(b"X: a\r\n")
            await asyncio.wait([closed], timeout=0.05)
        assert closed.done()
        writer.close()


async def test_an_idle_connection_is_closed(make_app: MakeApp) -> None:
    app = make_app(keep_alive=1)
    async with served(app) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET + b"\r\n")
        assert b"200 OK" in await asyncio.wait_for(reader.read(), 5)
        writer.close()


async def test_a_reader_that_takes_nothing_is_cut_off(make_app: MakeApp) -> None:
    app = make_app(send_timeout=0.3)
    async with served(app) as address:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, address)
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        await loop.sock_sendall(client, request * 500)
        while app.guard.metrics.count() < 2:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.Event().wait()
        total = 0
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                while part := await loop.sock_recv(client, 65536):
                    total += len(part)
        client.close()
        assert 0 < total < 500 * 10_000
        assert status_of(await raw(address, GET + b"\r\n")) == 200


async def test_a_stopping_server_lets_requests_end(make_app: MakeApp) -> None:
    app = make_app()
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(served(app))
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{address[1]}") as client:
            assert (await client.post("/api/t/a/echo")).status_code == 200
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection(*address)


async def test_a_stranger_is_never_served_as_the_owner(make_app: MakeApp) -> None:
    """Loopback mode is decided by where the server listens, and refuses to be wrong about it."""
    everywhere = socket.socket()
    everywhere.bind(("0.0.0.0", 0))
    with pytest.raises(ConfigError, match="--expose"):
        make_server(make_app(), [everywhere])
    with pytest.raises(ConfigError, match="--expose"):
        make_server(make_app(host="0.0.0.0"))
    make_server(make_app(exposed=True), [everywhere])
    everywhere.close()
    here = listening()
    make_server(make_app(), [here])
    here.close()


@pytest.mark.parametrize(
    "settings",
    [{"allow_origins": ("null",)}, {"allow_origins": ("*",)}, {"allowed_hosts": ("*.example",)},
     {"allowed_hosts": ("0.0.0.0",)}, {"public_url": "example.org"}, {"port": 70000}],
)  # fmt: skip
def test_settings_that_would_open_a_door_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        HttpSettings(**settings)  # type: ignore[arg-type]


async def test_nobody_says_by_a_header_where_they_come_from(make_app: MakeApp, bus: Bus) -> None:
    """uvicorn believes X-Forwarded-For of whoever comes from 127.0.0.1, unless it is told not to: limits of wrong
    tokens would count an address that the caller chose."""
    app = make_app(require_token=True)
    async with served(app) as address:
        asked = b"GET /api/workspace HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.8.7\r\n\r\n"
        assert status_of(await raw(address, asked)) == 401
    await app.aclose()
    assert [line["origin"] for line in (await bus.audit.list(None, limit=1))["items"]] == ["127.0.0.1"]
