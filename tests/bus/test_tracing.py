"""W3C trace context: a trace that came with a publish goes on to children, logs and spans."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from needlework.bus.context import Context
from needlework.bus.errors import Retry
from needlework.bus.messages import Message
from needlework.bus.records import Publication
from needlework.bus.subscriptions import subscribe
from needlework.bus.telemetry import OpenTelemetry
from needlework.compose import open_bus
from needlework.settings import load_settings
from needlework.tests.bus.kit import DEFAULT, ManualClock, drain, pass_time, publish, registry, running_bus
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

pytestmark = pytest.mark.anyio
TRACE = "0af7651916cd43dd8448eb211c80319c"
GIVEN = f"00-{TRACE}-b7ad6b7169203331-01"


class Parent(Message[None], topic="tests.parent"):
    """Publishes a child."""

    wait: bool = False
    fails: int = 0


class Child(Message[None], topic="tests.child"):
    """Notes what it sees."""


class Seen:
    """What the handlers saw."""

    def __init__(self) -> None:
        self.parents: list[str | None] = []
        self.children: list[str | None] = []
        self.logged: list[Any] = []

    def handlers(self) -> Any:
        @subscribe(Parent, runner="trace")
        async def parent(message: Parent, ctx: Context) -> None:
            self.parents.append(ctx.traceparent)
            if message.wait:
                await asyncio.sleep(0)
            if ctx.attempt <= message.fails:
                raise Retry("once more", after=1)
            ctx.publish(Child())

        @subscribe(Child, runner="trace")
        def child(message: Child, ctx: Context) -> None:
            self.children.append(ctx.traceparent)
            self.logged.append(structlog.contextvars.get_contextvars().get("trace_id"))

        return registry(parent, child, tests__parent={"retry": {"attempts": 3}})


async def message_of(bus: Any, topic: str) -> Any:
    (item,) = (await bus.messages(DEFAULT, topic=topic))["items"]
    return await bus.message(DEFAULT, item["id"])


@pytest.mark.parametrize("wait", [False, True])
async def test_a_trace_goes_on_to_children_with_a_span_of_the_attempt(tmp_path: Path, wait: bool) -> None:
    seen = Seen()
    async with running_bus(seen.handlers(), tmp_path) as bus:
        await publish(bus, Parent(wait=wait), traceparent=GIVEN)
        await drain(bus)
        assert (await message_of(bus, "tests.parent"))["traceparent"] == GIVEN
        stored = (await message_of(bus, "tests.child"))["traceparent"]
        assert structlog.contextvars.get_contextvars() == {}
    (attempt,), (handling,) = seen.parents, seen.children
    assert attempt is not None
    assert handling is not None
    assert attempt == stored
    spans = {text.split("-")[2] for text in (GIVEN, attempt, handling)}
    assert len(spans) == 3
    assert {text.split("-")[1] for text in (GIVEN, attempt, handling)} == {TRACE}
    assert seen.logged == [TRACE]


async def test_each_attempt_has_a_span_of_its_own(tmp_path: Path, clock: ManualClock) -> None:
    seen = Seen()
    async with running_bus(seen.handlers(), tmp_path, clock=clock) as bus:
        await publish(bus, Parent(fails=1), traceparent=GIVEN)
        await drain(bus)
        await pass_time(bus, clock, 2)
    first, second = seen.parents
    assert first != second
    assert len(seen.children) == 1


async def test_without_a_trace_there_is_none(tmp_path: Path) -> None:
    seen = Seen()
    async with running_bus(seen.handlers(), tmp_path) as bus:
        await bus.publish(Publication(message=Parent(), workspace=DEFAULT, principal="local"))
        await drain(bus)
        assert (await message_of(bus, "tests.child"))["traceparent"] is None
    assert seen.parents == seen.children == seen.logged == [None]


async def test_publishes_and_attempts_are_linked_spans_where_telemetry_is_on(
    tmp_path: Path, clock: ManualClock
) -> None:
    memory, seen = InMemorySpanExporter(), Seen()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    async with running_bus(seen.handlers(), tmp_path, clock=clock) as bus:
        bus.encoder.telemetry = OpenTelemetry(provider)
        await publish(bus, Parent(fails=1), traceparent=GIVEN)
        await drain(bus)
        await pass_time(bus, clock, 2)
    provider.shutdown()
    spans = memory.get_finished_spans()
    assert {f"{span.context.trace_id:032x}" for span in spans if span.context} == {TRACE}
    names = [span.name for span in spans]
    assert names == [
        "publish tests.parent", "handle tests.parent", "publish tests.child", "handle tests.parent",
        "handle tests.child",
    ]  # fmt: skip
    published, failed, child, handled, last = spans
    assert (published.kind, handled.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    for attempt in (failed, handled):
        assert attempt.parent is not None
        assert attempt.parent.span_id == published.context.span_id
        assert [link.context.span_id for link in attempt.links] == [published.context.span_id]
    assert failed.status.status_code is StatusCode.ERROR
    assert child.parent is not None
    assert child.parent.span_id == handled.context.span_id
    assert last.parent is not None
    assert last.parent.span_id == child.context.span_id
    assert handled.attributes is not None
    assert handled.attributes["needlework.attempt"] == 2
    assert seen.parents[1] == f"00-{TRACE}-{handled.context.span_id:016x}-01"


def test_a_failed_span_tells_no_secret() -> None:
    """S17: an error with a token in it was redacted in dead letters and logs, and exported whole."""
    secret = f"nw_abcdefghijkl_{'A' * 43}"
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    lane, head = SimpleNamespace(name="tests.parent"), dict[str, str]()
    ctx: Any = SimpleNamespace(head=head, _delivery=SimpleNamespace(lane=lane), message_id="m", runner="r", attempt=1)
    with pytest.raises(RuntimeError), OpenTelemetry(provider).handling(ctx):
        raise RuntimeError(f"refused {secret}")
    provider.shutdown()
    (span,) = memory.get_finished_spans()
    assert secret not in span.to_json()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "RuntimeError: refused [redacted]")
    assert [event.name for event in span.events] == ["exception"]


async def test_telemetry_that_is_not_installed_is_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "needlework.bus.telemetry", None)
    settings = load_settings(tmp_path, {"telemetry": True}, environ={})
    with pytest.raises(Exception, match=r"needlework\[otel\]"):
        async with open_bus(settings):
            pass


async def test_telemetry_is_switched_on_by_its_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    async with open_bus(load_settings(tmp_path, {"telemetry": True}, environ={})) as bus:
        assert isinstance(bus.encoder.telemetry, OpenTelemetry)
