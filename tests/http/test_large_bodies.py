"""Large and wrong bodies: the answer is small, and nobody else waits while it is made."""

import asyncio

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.bus import topicfile
from needlework.http import bodies
from needlework.http.app import Application
from needlework.http.problems import Problem
from needlework.http.testing import client_of

pytestmark = pytest.mark.anyio
PUBLISH = "/api/internal/pubsub/publish"


def many(pattern: str, size: int = 900_000) -> str:
    """So many different pieces that they fill a body."""
    pieces = [pattern % number for number in range(size // (len(pattern) + 3))]
    return ",".join(pieces)


TEXTS = many('"text%d":1')
HALF = many('"i%d":1', 450_000)
WRONG = {
    "topics": (PUBLISH, "[" + many('{"topic":"t.ech%d"}') + "]"),
    "fields": (PUBLISH, '{"topic":"t.echo","data":{' + TEXTS + "}}"),
    "keys": (PUBLISH, '{"topic":"t.echo","key":{' + HALF + '},"data":{' + HALF + "}}"),
    "fields of a list": (PUBLISH, '[{"topic":"t.echo","data":{' + TEXTS + "}}]"),
    "operation": ("/api/t/a/echo", "{" + TEXTS + "}"),
    "one topic": (PUBLISH, '{"topic":"' + "t.echo" * 160_000 + '"}'),
    "one field": ("/api/t/a/echo", '{"' + "text" * 240_000 + '":1}'),
}


@pytest.mark.parametrize("name", WRONG)
async def test_many_mistakes_get_a_short_answer_at_once(app: Application, name: str) -> None:
    """C3: the nearest right name was sought for each of 50,000, and all were answered: the loop stood still."""
    path, body = WRONG[name]
    topicfile.closest.cache_clear()
    async with client_of(app) as client:
        answer = await client.post(path, content=body)
    assert answer.status_code == 422
    assert len(answer.content) < 16_000
    errors = answer.json()["errors"]
    assert 1 <= len(errors) <= 43
    assert topicfile.closest.cache_info().misses <= 40
    if name in ("fields", "operation"):
        assert "more unknown fields" in errors[20]["message"]
    if name == "topics":
        assert errors[20]["field"] == "[20]"
        assert "was not looked at" in errors[20]["message"]


async def test_the_loop_goes_on_while_a_large_body_is_looked_at(http: httpx2.AsyncClient) -> None:
    """C3: by turns, not by the clock: others run between the steps of 20,000 messages."""
    turns = 0
    done = asyncio.Event()

    async def others() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(others())
    body = "[" + ",".join(['{"topic":"t.held","data":{}}'] * 20_000) + "]"
    answer = await http.post(PUBLISH, content=body)
    done.set()
    await counting
    assert len(answer.json()) == 20_000
    assert turns > 500


def depth_of(text: str) -> int:
    """The deepest level outside of strings, letter by letter."""
    level = deepest = 0
    inside = escaped = False
    for letter in text:
        if inside:
            inside, escaped = escaped or letter != '"', not escaped and letter == "\\"
        elif letter == '"':
            inside = True
        else:
            level += (letter in "[{") - (letter in "]}")
            deepest = max(deepest, level)
    return deepest


JSON = st.recursive(
    st.text('\\"[]{}a'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('\\"[{a'), inner, max_size=3),
)


@given(JSON, st.integers(2, 9))
def test_depth_is_the_same_wherever_the_text_is_cut(value: object, piece: int) -> None:
    text = msgspec.json.encode(value)
    deepest = depth_of(text.decode())
    before, bodies._PIECE = bodies._PIECE, piece
    try:
        bodies.check_depth(text, deepest)
        if deepest:
            with pytest.raises(Problem, match="deeper"):
                bodies.check_depth(text, deepest - 1)
    finally:
        bodies._PIECE = before


def test_an_integer_that_is_too_large_is_found_wherever_the_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """P15."""
    monkeypatch.setattr(bodies, "_PIECE", 24)
    for before in range(64):
        text = b'["%s",-%d]' % (b"x" * before, 2**53 + 1)
        with pytest.raises(Problem, match="integers"):
            bodies.clean(text)
        bodies.clean(text.replace(b"-", b'"').replace(b"]", b'"]'))


def test_a_deep_body_of_many_mebibytes_is_judged_in_small_steps() -> None:
    """C3: one regular expression over 60 MiB held the interpreter for nine seconds."""
    text = b'{"a":[' + b'"[",' * 2_000_000 + b'""]}'
    pieces = list(map(len, bodies._outside_strings(text)))
    assert len(pieces) > 100
    assert max(pieces) <= bodies._PIECE
    bodies.check_depth(text, 64)
