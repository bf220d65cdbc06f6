"""Hostile input: whatever the bytes, no exception, no long wait, and only what JSON can hold."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needlework.handlers.formats import header, jsonl, mail, markup, mbox, transcript
from needlework.handlers.formats.items import Item, Problem

NOW = datetime(2026, 3, 3, tzinfo=UTC)

PIECES = [
    b"From: ", b"Date: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"\n\n--b\n",
    b"\n--b--\n", b"text/html; charset=", b"message/rfc822", b"multipart/report; boundary*0*=utf-8''b",
    b"idna", b"utf-7", b"\xff", b"Content-Transfer-Encoding: ", b"base64", b"x-uuencode",
    b"quoted-printable", b"begin 644 a\n", b"=?utf-8?b?", b"?=", b"=?idna?q?=C3", b"<a@b>", b"(", b'"',
    b"<v A>", b"00:00:01.000 --> 00:00:02.000\n", b"WEBVTT\n\n", b"\n", b"A: b\n", b"[1:02] ", b"{",
    b"}", b"[", b"]", b'"messages"', b'"text"', b'"conversation_id"', b":", b",", b"1", b"\0", b"\r",
    b"From a Mon Jan 1 10:00:00 2024\n", b"Authentication-Results: ", b"; spf=pass",
    b" name*9999999=a;", b"<!--", b"<script", b"<p", b">", b"&#99999999999;", b"\xed\xa0\x80", b" ",
    b"format=flowed",
]  # fmt: skip
hostile = st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))


def everything(data: bytes) -> Iterator[Item | Problem]:
    """What each parser makes of the same bytes, without the nets of read()."""
    yield mail.conversation(data, received=NOW)
    yield from mbox.conversations(BytesIO(data), received=NOW)
    yield from jsonl.items(BytesIO(data), received=NOW)
    yield from jsonl.items(BytesIO(data), received=NOW, document=True)
    yield transcript.conversation(data, received=NOW)


@settings(max_examples=300, deadline=None)
@given(hostile)
def test_any_bytes(data: bytes) -> None:
    """Random bytes and random pieces of the formats."""
    for each in everything(data):
        msgspec.json.decode(msgspec.json.encode(each))
    header.people(data.decode("utf-8", "surrogateescape"))


FIELDS = (
    "kind id external_id messages text sender sent_at channel facts title body_md conversation_id turn "
    "participants attachments started_at email data ts user"
)
scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text()
numbers = st.floats(allow_nan=False, allow_infinity=False)
keys = st.sampled_from(FIELDS.split()) | st.text(max_size=3)
json_rows = st.recursive(
    scalars | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=8),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(json_rows, max_size=4))
def test_any_json(rows: list[object]) -> None:
    """Well-formed JSON with every kind of value in every field."""
    data = b"\n".join(msgspec.json.encode(each) for each in rows)
    for each in jsonl.items(BytesIO(data), received=NOW):
        msgspec.json.encode(each)


@pytest.mark.parametrize(
    "data",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)),
        b"Content-Type: message/rfc822\n\n" * 3000,
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
        b"From: " + b"(" * 100_000,
        b"Subject: x" + b"\n y" * 100_000,
        b"Content-Type: text/plain; " + b'a=";' * 100_000,
        b"[" * 200_000,
        b'{"kind":"account","a":' * 900 + b"1" + b"}" * 900,
        b"A" + b" " * 300_000 + b": x",
        b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<v A>" * 50_000,
        b"Content-Type: text/html\n\n" + b"<" * 500_000 + b">",
        b"Content-Type: text/html\n\n" + b"<a '\">" * 100_000,
    ],
    ids=range(12),
)
def test_no_long_wait(data: bytes) -> None:
    """Inputs that take parsers quadratic time or all of the stack."""
    began = time.perf_counter()
    for each in everything(data):
        msgspec.json.encode(each)
    assert time.perf_counter() - began < 8


def test_long_lines_are_passed_over() -> None:
    """A line beyond the limit is named and the next one read."""
    data = b'{"a": "' + b"x" * (17 * 1024 * 1024) + b'"}\n{"email": "a@b.example"}\n'
    first, second = jsonl.items(BytesIO(data), received=NOW)
    assert isinstance(first, Problem)
    assert first.line == 1
    assert isinstance(second, Item)


@pytest.mark.parametrize("unclosed", ["<!--", "<script>", "<a href='", "<style", "&#99999999999;", "<![if"])
def test_unclosed_markup(unclosed: str) -> None:
    """Markup that never ends takes nothing with it that stood before."""
    assert markup.text(f"<p>before</p>{unclosed}").startswith("before")
