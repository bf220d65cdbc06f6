"""The watchdog blames a handler where one is running, with a line of its own file, and nobody else."""

import sys
from pathlib import Path
from typing import Any

import pytest
from needlework.bus import watchdog
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe
from needlework.tests.bus.kit import drain, publish, registry, running_bus

pytestmark = pytest.mark.anyio
seen: list[tuple[str | None, str]] = []
looks: list[Any] = []


class Slow(Message[None], topic="tests.slow"):
    """Takes its time."""


def helper() -> None:
    """What a handler calls; here it is looked at as if it were stuck."""
    seen.append(looks[-1](sys._getframe()))


@subscribe(Slow, runner="slow")
async def slow(message: Slow, ctx: Context) -> None:
    """Stuck in what it calls."""
    helper()


def line_of(function: Any) -> int:
    return int(function.__code__.co_firstlineno)


async def test_a_handler_is_named_with_the_line_of_its_file_at_which_it_is(tmp_path: Path) -> None:
    async with running_bus(registry(slow), tmp_path) as bus:
        looks.append(bus.watchdog.look)
        await publish(bus, Slow())
        await drain(bus)
    assert seen == [("tests.slow (slow)", f"test_watchdog.py:{line_of(helper) + 2}")]


async def test_where_no_handler_runs_nobody_is_blamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It named a line of needlework itself as the handler, with the advice to await there."""
    told: list[tuple[str, dict[str, Any]]] = []

    class Log:
        def warning(self, text: str, **fields: Any) -> None:
            told.append((text, fields))

        error = warning

    monkeypatch.setattr(watchdog, "log", Log())
    async with running_bus(registry(slow), tmp_path) as bus:
        handler, where = bus.watchdog.look(sys._getframe())
        assert handler is None
        assert where.startswith("test_watchdog.py:")
        bus.watchdog._tell(handler, where)
        assert bus.health()["blocked"] is None
        bus.watchdog._tell("tests.slow (slow)", where)
        assert bus.health()["blocked"] == "tests.slow (slow)"
    assert [(text, fields.get("handler")) for text, fields in told] == [
        ("the event loop is late", None), ("the event loop is blocked", "tests.slow (slow)")
    ]  # fmt: skip
