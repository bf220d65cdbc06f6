"""Peers that mean harm: each call ends in time and bytes, goes out once, and its outcome says what is known."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from needlework.handlers.net.addresses import open_hosts
from needlework.handlers.net.fetch import UNREACHABLE, Bounds, call, fetch
from needlework.handlers.net.outcomes import CallError, Unknown, Unsent, patience
from needlework.tests.handlers.net.peers import Serve, serving

pytestmark = pytest.mark.anyio
PATIENT = Bounds(connect=10, total=20, size=10_000)
SHORT = Bounds(connect=20, total=0.4, size=10_000)
"""Where the whole time is soon up, on a starved machine even before anything was asked."""
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def opened() -> Iterator[None]:
    open_hosts(("127.0.0.1",))
    yield
    open_hosts(())


def saying(*pieces: bytes, asked: list[bytes] | None = None) -> Serve:
    """Answers with these bytes, whatever they are, and hangs up."""

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        if asked is not None:
            asked.append(request)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


def without_end(first: bytes, again: bytes, pause: float = 0.0, asked: list[bytes] | None = None) -> Serve:
    """Answers for ever, as fast as it is read, or a piece at a time."""

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        if asked is not None:
            asked.append(request)
        writer.write(first)
        while True:
            writer.write(again)
            await writer.drain()
            if pause:
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.Event().wait(), pause)

    return answer


CUT = {
    "nothing": [],
    "half a head": [b"HTTP/1.1 200 O"],
    "half a header": [HEAD + b"Content-Le"],
    "less than it said": [HEAD + b"Content-Length: 10\r\n\r\n{"],
    "a chunk that breaks off": [HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"],
    "no last chunk": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
    "a chunk of no size": [HEAD + b"Transfer-Encoding: chunked\r\n\r\nnone\r\n{"],
    "two lengths": [HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"],
    "a length below nothing": [HEAD + b"Content-Length: -1\r\n\r\n{}"],
    "another protocol": [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "a header with a NUL": [HEAD + b"X: \x00\r\n\r\n{}"],
    "a bomb": [HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"],
    "a bomb in a bomb": [HEAD + b"Content-Encoding: identity, gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"],
    "too much": [HEAD + b"Content-Length: 20000\r\n\r\n", b"x" * 20_000],
    "too much in chunks": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_001],
}


@pytest.mark.parametrize("pieces", CUT.values(), ids=CUT.keys())
async def test_a_post_whose_answer_breaks_off_or_makes_no_sense_is_of_unknown_outcome_and_went_out_once(
    pieces: list[bytes],
) -> None:
    asked: list[bytes] = []
    async with serving(saying(*pieces, asked=asked)) as url:
        with pytest.raises(Unknown):
            await call("POST", url, headers={}, body=b"{}", bounds=PATIENT)
    assert len(asked) == 1


ENDLESS = {
    "a header": (HEAD + b"X: ", b"x" * 10_000),
    "headers": (HEAD, b"X: y\r\n" * 1_000),
    "the size of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 10_000),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1_000),
    "a body": (HEAD + b"\r\n", b"x" * 10_000),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1_000),
}


@pytest.mark.parametrize("parts", ENDLESS.values(), ids=ENDLESS.keys())
async def test_an_answer_without_end_is_left_by_its_size_long_before_its_time_is_up(parts: tuple[bytes, bytes]) -> None:
    asked: list[bytes] = []
    async with serving(without_end(*parts, asked=asked)) as url:
        with pytest.raises(Unknown) as caught:
            await call("POST", url, headers={}, body=b"{}", bounds=PATIENT)
    assert "longer than" not in str(caught.value)
    assert len(asked) == 1


TRICKLES = {
    "a head": (b"", b"H"),
    "a header": (HEAD + b"X: ", b"x"),
    "a body": (HEAD + b"\r\n", b"x"),
    "signs that it will go on": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("parts", TRICKLES.values(), ids=TRICKLES.keys())
async def test_a_peer_that_trickles_is_left_when_the_whole_time_is_up(parts: tuple[bytes, bytes]) -> None:
    asked: list[bytes] = []
    async with serving(without_end(*parts, pause=0.05, asked=asked)) as url:
        with pytest.raises(Unknown, match=r"longer than 0\.4 s|broke off"):
            await call("POST", url, headers={}, body=b"{}", bounds=SHORT)
    assert len(asked) <= 1


async def test_a_peer_that_takes_nothing_is_left_when_the_whole_time_is_up() -> None:
    async def hold(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(hold) as url:
        with pytest.raises(Unknown, match=r"longer than 0\.4 s"):
            await call("POST", url, headers={}, body=b"x" * 40_000_000, bounds=SHORT)


async def test_where_encryption_is_never_agreed_on_nothing_was_sent() -> None:
    async with serving(saying()) as url:
        with pytest.raises(Unsent):
            await call("POST", f"https{url[4:]}", headers={}, body=b"{}", bounds=PATIENT._replace(connect=0.2))


async def test_a_service_that_the_administrator_named_may_be_private_but_never_ourselves() -> None:
    async with serving(saying(HEAD + b"Content-Length: 2\r\n\r\n{}")) as url:
        assert (await call("GET", url, headers={}, bounds=PATIENT)).body == b"{}"
        with pytest.raises(Unsent, match=UNREACHABLE):
            await fetch(url, bounds=PATIENT)


REDIRECTS = [
    "http://127.0.0.2:1/inner", "http://169.254.169.254/latest/meta-data/", "//169.254.169.254/", "http://[::1]:1/",
    "http://[::ffff:169.254.169.254]/", "http://[fe80::1%25lo]/", "http://2852039166/", "http://0xa9fea9fe/", "http://127.1/",
    "http://10.0.0.1/", "http://[", "http://a:99999/", "http://a:b/", "file:///etc/passwd", "ftp://a/", "http:///x",
    "http://u:p@127.0.0.1/", "/" + "a" * 70_000, "/\x7f", "http://" + "a" * 300 + "/", "http://a..b/",
]  # fmt: skip


@pytest.mark.parametrize("place", REDIRECTS, ids=[each[:40] for each in REDIRECTS])
@pytest.mark.usefixtures("opened")
async def test_no_redirect_leads_inside_or_into_an_error_of_ours(place: str) -> None:
    """`http://[` and an address of 70,000 characters ended the handler with an error that nobody had thought of."""
    async with serving(saying(b"HTTP/1.1 302 Found\r\nLocation: " + place.encode() + b"\r\n\r\n")) as url:
        with pytest.raises(CallError):
            await fetch(url, bounds=PATIENT)


@pytest.mark.usefixtures("opened")
async def test_a_host_whose_first_address_is_dead_is_reached_at_its_second(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(saying(HEAD + b"Content-Length: 2\r\n\r\n{}")) as url:
        port = int(url.split(":")[2].split("/")[0])

        async def two(host: str, port: int, **how: Any) -> list[Any]:
            return [(None, None, None, "", (each, port)) for each in ("127.0.0.2", "127.0.0.1")]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        open_hosts(("two.example",))
        assert (await fetch(f"http://two.example:{port}/", bounds=PATIENT)).body == b"{}"


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [("30", 30), (" 7 ", 7), ("0", 1), ("999999999999", 900), ("-5", None), ("soon", None), ("", None), (None, None),
     ("1e9", None), ("nan", None), ("9" * 5000, None)],
)  # fmt: skip
def test_patience_is_a_number_of_seconds_that_is_sane(stated: str | None, seconds: float | None) -> None:
    assert patience(stated, 900.0) == seconds
