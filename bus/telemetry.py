"""OpenTelemetry: a span for each publish and each attempt. Imported only where `telemetry = true` asks for it.

Where the spans go is said by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, …).
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from needlework.bus.redacting import redact_text
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from needlework.bus.context import Context

_PROPAGATOR = TraceContextTextMapPropagator()
_NAME = "traceparent"


class OpenTelemetry:
    """Spans by a provider; `close` exports what waits."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("needlework", version("needlework"))

    def published(self, topic: str, traceparent: str | None) -> str | None:
        """A span of kind PRODUCER, below whatever the publisher had."""
        parent = _PROPAGATOR.extract({_NAME: traceparent} if traceparent else {})
        attributes = {"messaging.system": "needlework", "messaging.destination.name": topic}
        with self._tracer.start_as_current_span(
            f"publish {topic}", context=parent, kind=SpanKind.PRODUCER, attributes=attributes
        ):
            return _current()

    @contextmanager
    def handling(self, context: "Context") -> Iterator[None]:
        """A span of kind CONSUMER in the message's trace, linked to its publish."""
        stored = context.head.get(_NAME)
        parent = _PROPAGATOR.extract({_NAME: stored} if stored else {})
        topic = context._delivery.lane.name
        attributes: dict[str, str | int] = {
            "messaging.system": "needlework", "messaging.destination.name": topic,
            "messaging.message.id": context.message_id, "messaging.consumer.group.name": context.runner,
            "needlework.attempt": context.attempt,
        }  # fmt: skip
        links = [Link(get_current_span(parent).get_span_context())] if stored else []
        with self._tracer.start_as_current_span(
            f"handle {topic}", context=parent, kind=SpanKind.CONSUMER, attributes=attributes, links=links,
            record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip
            context.traceparent = _current()
            try:
                yield
            except Exception as error:
                _record(span, error)
                raise
            span.set_status(StatusCode.OK)

    def close(self) -> None:
        """Export what waits. Called from a thread: it may take as long as the exporter's own time limit."""
        self._provider.shutdown()


def exporting() -> OpenTelemetry:
    """Telemetry that exports by OTLP over HTTP."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(resource=Resource.create({"service.name": "needlework"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OpenTelemetry(provider)


def _record(span: Span, error: Exception) -> None:
    """Tell of a failure without what looks like a secret: spans leave the machine."""
    text = {
        "exception.message": redact_text(str(error)),
        "exception.stacktrace": redact_text("".join(traceback.format_exception(error))),
    }
    span.record_exception(error, text)
    span.set_status(StatusCode.ERROR, f"{type(error).__name__}: {text['exception.message']}")


def _current() -> str | None:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(_NAME)
