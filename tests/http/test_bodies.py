"""Bodies: limits, encodings, what JSON leaves open. Hostile ones are refused on every route, never a 500."""

import contextlib
import time
from typing import Any

import httpx2
import msgspec
import pytest
from needlework.bus.bus import Bus
from needlework.bus.sql import Statement
from needlework.http.app import Application
from needlework.http.bodies import check_depth, clean, decode
from needlework.http.problems import Problem
from needlework.http.testing import client_of

pytestmark = pytest.mark.anyio

HOSTILE: dict[str, bytes] = {
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "open brackets": b"[" * 100_000,
    "deep inside": b'{"data":' + b"[" * 65 + b"]" * 65 + b"}",
    "a blank line": b"\n",
    "a byte order mark": b"\xef\xbb\xbf",
    "400 digits": b'{"data":{"n":' + b"9" * 400 + b"}}",
    "2^63": b'{"data":{"n":9223372036854775808}}',
    "2^53+1": b'{"data":{"n":9007199254740993}}',
    "-2^64": b'{"data":{"n":-18446744073709551616}}',
    "1e999": b'{"data":{"n":1e999}}',
    "NaN": b'{"data":{"n":NaN}}',
    "Infinity": b'{"data":{"n":-Infinity}}',
    "high surrogate": b'{"data":{"text":"\\ud800"}}',
    "low surrogate": b'{"data":{"text":"\\udc00x"}}',
    "swapped surrogates": b'{"data":{"text":"\\udc00\\ud800"}}',
    "surrogate in UTF-8": b'{"data":{"text":"\xed\xa0\x80"}}',
    "escaped NUL": b'{"data":{"text":"a\\u0000b"}}',
    "raw NUL": b'{"data":{"text":"a\x00b"}}',
    "bad UTF-8": b'{"data":{"text":"\xff\xfe"}}',
    "UTF-16": '{"data":{}}'.encode("utf-16"),
    "overlong": b'{"data":{"text":"\xc0\xaf"}}',
    "trailing": b'{"data":{}} {"data":{}}',
    "cut": b'{"data":{"text":"',
    "leading zero": b'{"data":{"n":01}}',
    "blank, but not to JSON": b"\x0b\x0c",
    "single quotes": b"{'data':{}}",
    "comment": b'{"data":{}/* */}',
    "only a BOM and half": b"\xef\xbb\xbf{",
    "escaped quotes without end": b'{"topic":"' + b'\\"' * 200_000,
    "wrong type": b'"text"',
    "null": b"null",
    "number": b"12",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_bodies_are_refused_on_every_route(app: Application, bus: Bus, name: str) -> None:
    """S13."""
    began = time.monotonic()
    async with client_of(app) as client:
        for endpoint in app.routes:
            if endpoint.method in ("GET", "DELETE") or endpoint.path in ("/logout",):
                continue
            path = endpoint.path.replace("{id}", "absent")
            answer = await client.request(endpoint.method, path, content=HOSTILE[name])
            assert 400 <= answer.status_code < 500, (endpoint.path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
    assert (await bus.store.read(Statement("SELECT count(*) FROM messages")))[0][0] == 0
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("field", ["id", "text"])
@pytest.mark.parametrize("body", [name for name in HOSTILE if b'"data"' in HOSTILE[name][:12]])
async def test_hostile_bodies_inside_a_publish(http: httpx2.AsyncClient, body: str, field: str) -> None:
    text = HOSTILE[body].replace(b"{", b'{"topic":"t.echo","key":{"id":"a"},', 1)
    answer = await http.post("/api/internal/pubsub/publish", content=text)
    assert answer.status_code in (400, 422), answer.text
    many = await http.post("/api/internal/pubsub/publish", content=b"[" + text + b"]")
    assert many.status_code in (400, 422), many.text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("é😀 \u202e \u2028 \ufeff", "é😀 \u202e \u2028 \ufeff"),
        ("\\u00e9\\ud83d\\ude00", "é😀"),
        ("\\\\u0000 \\\\ud800", "\\u0000 \\ud800"),
        ("[[[{{{" * 200, "[[[{{{" * 200),
        ("9" * 400, "9" * 400),
        ("\\n\\t\\u0001\\u007f", "\n\t\x01\x7f"),
    ],
)
async def test_what_only_looks_hostile_is_kept_as_it_is(http: httpx2.AsyncClient, sent: str, kept: str) -> None:
    answer = await http.post("/api/t/a/echo", content=f'{{"text":"{sent}"}}'.encode())
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == kept


@pytest.mark.parametrize("number", [2**53, -(2**53), 0, -1])
async def test_integers_go_to_2_53(http: httpx2.AsyncClient, number: int) -> None:
    assert (await http.post("/api/t/a/echo", json={"n": number})).json()["n"] == number
    assert (await http.post(f"/api/t/a/echo?n={number}")).json()["n"] == number


@pytest.mark.parametrize("number", ["9007199254740993", "-9007199254740993", "9" * 30, "9" * 5000, "1e400", "nan"])
async def test_beyond_that_they_are_refused_in_the_query_too(http: httpx2.AsyncClient, number: str) -> None:
    assert (await http.post(f"/api/t/a/echo?n={number}")).status_code == 422


@pytest.mark.parametrize("body", [b"", b"{}", b"\xef\xbb\xbf{}", b" { } "])
async def test_no_body_is_an_empty_object(http: httpx2.AsyncClient, body: bytes) -> None:
    assert (await http.post("/api/t/held", content=body)).status_code == 202


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "x", ""])
async def test_json_is_json_whatever_its_type_says(http: httpx2.AsyncClient, media: str) -> None:
    answer = await http.post("/api/t/a/echo", content=b'{"text":"hi"}', headers={"content-type": media})
    assert answer.json()["text"] == "hi"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-encoding": "gzip"},
        {"content-encoding": "br"},
    ],
)
async def test_forms_and_compression_are_refused(http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    assert (await http.post("/api/t/held", content=b"{}", headers=headers)).status_code == 415


async def test_a_body_is_at_most_a_mebibyte(http: httpx2.AsyncClient) -> None:
    text = "x" * ((1 << 20) - 300_000)
    assert (await http.post("/api/t/held", content=b"{}" + b" " * ((1 << 20) - 2))).status_code == 202
    assert (await http.post("/api/t/held", content=b"{}" + b" " * ((1 << 20) - 1))).status_code == 413
    assert (await http.post("/api/t/a/echo", json={"text": text})).status_code == 413  # a message is 256 KiB

    async def chunks() -> Any:
        for _ in range(20):
            yield b" " * 100_000

    assert (await http.post("/api/t/held", content=chunks())).status_code == 413


@pytest.mark.parametrize(
    ("text", "status"),
    [(b"[" * 64 + b"]" * 64, 0), (b"[" * 65 + b"]" * 65, 400), (b'["]",' * 64 + b"1" + b"]" * 64, 0),
     (b'["]",' * 65 + b"1" + b"]" * 65, 400), (b'{"a":[' * 32 + b"]}" * 32, 0),
     (b'{"a":[' * 33 + b"]}" * 33, 400),
     (b"[" + b"[{}]," * 5000 + b"1]", 0), (b'"' + b"[" * 500 + b'"', 0)],
)  # fmt: skip
async def test_depth_is_counted_outside_of_strings(text: bytes, status: int) -> None:
    found = 0
    try:
        check_depth(text, 64)
    except Problem as problem:
        found = problem.status
    assert found == status


async def test_a_scan_of_a_hostile_megabyte_takes_no_time() -> None:
    """Patterns that try each quote of an endless string in turn would take minutes."""
    for body in (b'"' + b'\\"' * 500_000, b"1" * 1_000_000 + b".", b"[" * 1_000_000, b'"\\u0041' * 140_000):
        began = time.monotonic()
        for check in (clean, lambda text: check_depth(text, 64)):
            with contextlib.suppress(Problem):
                check(body)
        assert time.monotonic() - began < 2


async def test_a_wrong_field_is_named_with_its_path() -> None:
    class Inner(msgspec.Struct):
        names: list[str]

    class Outer(msgspec.Struct, forbid_unknown_fields=True):
        inner: Inner

    decoder = msgspec.json.Decoder(Outer).decode
    for text, field, hint in (
        (b'{"inner":{"names":["a",1]}}', "inner.names[1]", None),
        (b'{"inner":{}}', "inner.names", None),
        (b'{"innr":{}}', "innr", "did you mean 'inner'?"),
        (b"[]", "body", None),
    ):
        with pytest.raises(Problem) as caught:
            decode(text, decoder, ("inner",))
        assert (caught.value.status, caught.value.errors[0].field, caught.value.errors[0].hint) == (
            422,
            field,
            hint,
        )
