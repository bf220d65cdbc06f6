"""Which field is wrong is named also where only the whole record shows it, and a wrong word is told the right ones."""

from typing import Any, Literal

import msgspec
import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe
from needlework.http.explain import explain, explain_members
from needlework.tests.bus import kit


class Move(Message[None], topic="t.move", key=("id",), kw_only=True):
    """Has rules of its own."""

    id: str
    from_: int | None = msgspec.field(default=None, name="from")
    kind: Literal["risk", "issue"] | None = None

    def __post_init__(self) -> None:
        if self.id == "no":
            raise ValueError("id must be another")
        if self.from_ == 1:
            raise ValueError("from: is too early")
        if self.from_ == 2:
            raise ValueError("these two do not go together")


@subscribe(Move, runner="one")
async def move(message: Move, ctx: Context) -> None: ...


TOPIC = kit.registry(move).topic("t.move")


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"id": "no"}, "id", "must be another"),
        ({"id": "a", "from": 1}, "from", "is too early"),
        ({"id": "a", "from": 2}, "body", "these two do not go together"),
    ],
)
def test_a_rule_of_the_record_names_the_field_that_it_speaks_of(given: Any, field: str, message: str) -> None:
    """It was "data" for every operation, which no request has."""
    (error,) = explain_members(TOPIC, msgspec.json.encode(given))
    assert (error.field, error.message) == (field, message)


def test_a_publish_names_the_object_besides() -> None:
    (error,) = explain(TOPIC, b'{"id":"no"}', b"{}")
    assert error.field == "key.id"
    (error,) = explain(TOPIC, b'{"id":"a"}', b'{"from":1}')
    assert error.field == "data.from"
    (error,) = explain(TOPIC, b'{"id":"a"}', b'{"from":2}')
    assert error.field == "key"


@pytest.mark.parametrize(("word", "hint"), [("risc", "did you mean 'risk'? "), ("zzz", "")])
def test_a_wrong_word_among_few_is_told_all_of_them(word: str, hint: str) -> None:
    (error,) = explain_members(TOPIC, msgspec.json.encode({"id": "a", "kind": word}))
    assert error.hint == f"{hint}it is one of issue, risk" or error.hint == f"{hint}it is one of risk, issue"
