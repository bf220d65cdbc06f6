"""W3C trace context: what came with a message goes on to what its handler publishes, calls and logs.

Nothing here is exported anywhere; `bus/telemetry.py` does that where it is installed and switched on.
"""

import hashlib
from collections.abc import Coroutine
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from structlog.contextvars import bound_contextvars

if TYPE_CHECKING:
    from needlework.bus.context import Context


class Telemetry(Protocol):
    """Whoever wants to know of each publish and each attempt."""

    def published(self, topic: str, traceparent: str | None) -> str | None:
        """A message is about to be stored; the traceparent that it is to carry."""
        ...

    def handling(self, context: "Context") -> AbstractContextManager[None]:
        """Around one attempt; sets the context's `traceparent`."""
        ...


def attempt_span(traceparent: str, delivery: str, attempt: int) -> str:
    """The traceparent of one attempt: the same trace, a span of its own, the same whenever it is asked for."""
    version, trace, _, flags = traceparent.split("-")[:4]
    span = hashlib.sha256(f"{trace} {delivery} {attempt}".encode()).hexdigest()[:16]
    return f"{version}-{trace}-{span}-{flags}"


def matters(head: str | None) -> bool:
    """Whether a message's headers, as stored, carry a trace; asked for every delivery, so nothing is decoded."""
    return head is not None and '"traceparent"' in head


def traced(context: "Context", handling: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    """`handling` itself, or where it belongs to a trace, the same with `trace_id` in its log lines."""
    telemetry = context.bus.encoder.telemetry
    if telemetry is None and not matters(context._delivery.head):
        return handling
    return _traced(context, handling, telemetry)


async def _traced(context: "Context", handling: Coroutine[Any, Any, Any], telemetry: Telemetry | None) -> Any:
    if telemetry is None:
        with bound_contextvars(trace_id=trace_id(context.traceparent)):
            return await handling
    try:
        with telemetry.handling(context), bound_contextvars(trace_id=trace_id(context.traceparent)):
            return await handling
    finally:
        handling.close()  # where the span could not be begun


def trace_id(traceparent: str | None) -> str | None:
    """The trace that a traceparent belongs to."""
    return traceparent.split("-")[1] if traceparent else None
