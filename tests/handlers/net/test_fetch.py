"""Outbound requests against servers that mean harm: each runs here, on a port of its own."""

import asyncio
from collections.abc import Iterator

import pytest
from needlework.handlers.net import addresses
from needlework.handlers.net.addresses import is_public, open_hosts, own_ports
from needlework.handlers.net.fetch import UNREACHABLE, Bounds, call, check_url, fetch
from needlework.handlers.net.outcomes import CallError
from needlework.tests.handlers.net.peers import Serve, serving

pytestmark = pytest.mark.anyio
QUICK = Bounds(connect=20, total=0.5, size=10_000)
PATIENT = Bounds(connect=10, total=20, size=10_000)
"""Where what is looked at is no matter of time."""


@pytest.fixture(autouse=True)
def opened() -> Iterator[None]:
    open_hosts(("127.0.0.1",))
    yield
    open_hosts(())


def saying(head: bytes, body: bytes = b"") -> Serve:
    """Answers the same to everybody."""

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 " + head + b"\r\nConnection: close\r\n\r\n" + body)
        await writer.drain()

    return answer


async def failure(url: str, bounds: Bounds = PATIENT) -> str:
    with pytest.raises(CallError) as caught:
        await fetch(url, bounds=bounds)
    return str(caught.value)


async def test_a_document_comes_as_it_is() -> None:
    async with serving(saying(b"200 OK\r\nETag: a", b"BEGIN:VCALENDAR")) as url:
        found = await fetch(url, bounds=PATIENT)
    assert (found.status, found.body, found.headers["etag"]) == (200, b"BEGIN:VCALENDAR", "a")


async def test_a_server_that_never_answers_is_left() -> None:
    async def hang(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(hang) as url:
        assert "longer than 0.5 s" in await failure(url, QUICK)


async def test_a_server_that_drips_is_left_when_the_whole_time_is_up() -> None:
    async def drip(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.05)

    async with serving(drip) as url:
        assert "longer than 0.5 s" in await failure(url, QUICK)


async def test_an_answer_that_is_too_large_is_not_held() -> None:
    async with serving(saying(b"200 OK", b"x" * 20_000)) as url:
        assert "larger than 10000 bytes" in await failure(url)


async def test_a_compressed_answer_is_not_unpacked() -> None:
    async with serving(saying(b"200 OK\r\nContent-Encoding: gzip", b"bomb")) as url:
        assert "compressed" in await failure(url)


async def test_an_error_tells_the_status_and_nothing_of_the_body() -> None:
    async with serving(saying(b"500 Oops", b"password=hunter2")) as url:
        text = await failure(url + "?token=secret")
    assert "500" in text
    assert "hunter2" not in text
    assert "secret" not in text


async def test_a_redirect_is_tested_like_the_first_address() -> None:
    async with serving(saying(b"302 Found\r\nLocation: http://127.0.0.2:1/inner")) as url:
        assert "not one that may be" in await failure(url)


async def test_redirects_without_end_are_left() -> None:
    async with serving(saying(b"302 Found\r\nLocation: /again")) as url:
        assert "more than 3 redirects" in await failure(url)


async def test_what_refuses_and_what_is_filtered_read_alike() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    refused = await failure(f"http://127.0.0.1:{port}/x")
    open_hosts(())
    assert await failure(f"http://127.0.0.1:{port}/x") == refused


async def test_secrets_stay_with_the_host_they_are_for() -> None:
    heard: list[bytes] = []

    async def listen(request: bytes, writer: asyncio.StreamWriter) -> None:
        heard.append(request.lower())
        await saying(b"200 OK", b"inner")(request, writer)

    async with serving(listen) as inner, serving(saying(f"302 Found\r\nLocation: {inner}".encode())) as outer:
        found = await fetch(outer, headers={"Authorization": "Bearer x", "If-None-Match": "a"}, bounds=PATIENT)
    assert found.body == b"inner"
    assert b"authorization" not in heard[0]
    assert b"if-none-match: a" in heard[0]


def test_a_host_is_opened_alone_or_with_one_port() -> None:
    open_hosts(("Intranet:8080", "calendar.lan"))
    assert addresses.is_opened("intranet", 8080)
    assert not addresses.is_opened("intranet", 80)
    assert addresses.is_opened("calendar.lan", 443)


FORBIDDEN = (
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 0.0.0.0 255.255.255.255 ::1 :: "
    "fe80::1 fe80::1%eth0 fec0::1 fc00::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 "
    "2002:7f00:1:: 2002:0808:0808:: 2001:0:7f00:1:: nonsense"
)


@pytest.mark.parametrize("address", FORBIDDEN.split())
def test_no_address_of_this_or_a_private_network_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "http://", "http://a b/", "http://u:p@host/", "x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="an address"):
        check_url(url)


async def test_a_request_never_goes_to_ourselves_even_where_the_host_is_opened() -> None:
    """Over loopback it would come from this machine, and so from its owner."""
    async with serving(saying(b"200 OK", b"own")) as url:
        port = int(url.split(":")[2].split("/")[0])
        own_ports({port})
        try:
            for host in ("127.0.0.1", "localhost", "0.0.0.0"):
                open_hosts((host,))
                assert UNREACHABLE in await failure(f"http://{host}:{port}/team.ics")
        finally:
            own_ports(())
        open_hosts(("127.0.0.1",))
        assert (await fetch(url)).body == b"own"


async def test_any_answer_of_a_service_is_an_answer_and_redirects_are_not_followed() -> None:
    asked: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(request)
        writer.write(b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:9/\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async with serving(answer) as url:
        found = await call("POST", url, headers={"Authorization": "Bearer x"}, body=b"{}", bounds=PATIENT)
    assert (found.status, found.body) == (307, b"")
    assert asked[0].startswith(b"POST /team.ics HTTP/1.1\r\n")
    async with serving(saying(b"422 Wrong\r\nContent-Length: 2", b"no")) as url:
        assert (await call("GET", url, headers={}, bounds=PATIENT)).body == b"no"
