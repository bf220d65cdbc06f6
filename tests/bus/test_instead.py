"""A topic that another one answers for where a field says so: what must fit is checked at the start."""

from typing import Any

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import ConfigError
from needlework.bus.messages import Message
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe


class Look(Message[Any], topic="a.look"):
    """Only reads."""

    id: str
    apply: bool = False


class Do(Message[Any], topic="a.do"):
    """Writes."""

    id: str
    apply: bool = False


class Other(Message[Any], topic="a.other"):
    """Has other fields."""

    id: str


@subscribe(Look, runner="r")
@subscribe(Do, runner="r")
@subscribe(Other, runner="r")
async def take(message: Message[Any], ctx: Context) -> None:
    """Nothing."""


def load(instead: dict[str, str], **do: Any) -> Registry:
    common = {"summary": "A topic", "permission": "permissionWorkspacesWrite"}
    topics = {
        "a.look": {**common, "route": "POST /a", "query": True, "instead": instead},
        "a.do": {**common, **do},
        "a.other": common,
    }
    return Registry.of(take, policies={"topics": topics, "runners": {"r": {"description": "r"}}})


def test_what_fits_is_taken() -> None:
    assert load({"apply": "a.do"}).topic("a.look").policy.instead == {"apply": "a.do"}


@pytest.mark.parametrize(
    ("instead", "do", "words"),
    [
        ({"aply": "a.do"}, {}, "'aply' is not a field of Look"),
        ({"apply": "a.dp"}, {}, "unknown topic 'a.dp'"),
        ({"apply": "a.do"}, {"route": "POST /b"}, "no route of its own"),
        ({"apply": "a.do"}, {"permission": "permissionRead"}, "the same permission"),
        ({"apply": "a.other"}, {}, "Other must have the fields of Look"),
    ],
)
def test_what_does_not_fit_stops_the_start(instead: dict[str, str], do: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(instead, **do)
