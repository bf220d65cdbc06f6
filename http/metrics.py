"""`/metrics` for Prometheus. Requests are counted in plain integers; text is made when somebody asks.

Whoever sees all workspaces sees the installation's figures; another caller sees those of its own workspace alone.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from needlework.bus.permissions import READ
from needlework.http.inputs import read_query
from needlework.http.routes import Caller, Endpoint, answering
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from needlework.bus.bus import Bus
    from needlework.http.streams import Streams

_BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
_MEDIA = "text/plain; version=0.0.4"


class Metrics:
    """What the HTTP layer counts. A route stands under its pattern: an id in a label would never end."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[int, str, str, int]] = Counter()
        self._slots: dict[tuple[int, str], list[int]] = {}
        self._sums: Counter[tuple[int, str]] = Counter()

    def note(self, endpoint: Endpoint | None, workspace: int, status: int, seconds: float) -> None:
        """One finished request in a workspace; number 0 where it reached none."""
        path, method = (endpoint.path, endpoint.method) if endpoint is not None else ("none", "none")
        self._requests[workspace, method, path, status] += 1
        slot = 0
        while slot < len(_BUCKETS) and seconds > _BUCKETS[slot]:
            slot += 1
        place = workspace, path
        slots = self._slots.get(place)
        if slots is None:
            slots = self._slots[place] = [0] * (len(_BUCKETS) + 1)
        slots[slot] += 1
        self._sums[place] += seconds  # type: ignore[assignment]

    def count(self) -> int:
        """Requests so far."""
        return self._requests.total()

    def families(self, workspace: int | None) -> Iterator[Metric]:
        """One workspace's families, or all workspaces' added up, in Prometheus's words."""
        counts: Counter[tuple[str, str, int]] = Counter()
        for (place, *labels), count in self._requests.items():
            if workspace in (None, place):
                counts[tuple(labels)] += count  # type: ignore[index]
        requests = CounterMetricFamily(
            "needlework_http_requests", "Requests by route and status", labels=["method", "route", "status"]
        )
        for (method, path, status), count in counts.items():
            requests.add_metric([method, path, str(status)], count)
        yield requests
        yield self._seconds(workspace)

    def _seconds(self, workspace: int | None) -> Metric:
        slots: dict[str, list[int]] = {}
        sums: Counter[str] = Counter()
        for (place, path), counts in self._slots.items():
            if workspace in (None, place):
                slots[path] = [a + b for a, b in zip(slots.get(path, [0] * len(counts)), counts, strict=True)]
                sums[path] += self._sums[place, path]
        seconds = HistogramMetricFamily(
            "needlework_http_request_seconds", "Time until the answer was complete", labels=["route"]
        )
        for path, found in slots.items():
            totals = map(float, accumulate(found))
            seconds.add_metric([path], list(zip((*map(str, _BUCKETS), "+Inf"), totals, strict=True)), sums[path])
        return seconds


class MetricsPage:
    """The route."""

    def __init__(self, bus: "Bus", metrics: Metrics, streams: "Streams") -> None:
        self._bus, self._metrics, self._streams = bus, metrics, streams

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        return [
            Endpoint(
                method="GET",
                path="/metrics",
                app=answering(self.page),
                permission=READ,
                media="text/plain",
                summary="Counters for Prometheus",
                tag="health",
            )
        ]

    async def page(self, request: Request) -> Response:
        """HTTP's own counters, and the caller's workspace's messages by topic and state."""
        read_query(request)
        caller: Caller = request.scope["caller"]
        whose = None if caller.principal.workspaces is None else caller.workspace.id
        streams = GaugeMetricFamily("needlework_http_streams", "Open event streams", self._streams.count(whose))
        messages = GaugeMetricFamily(
            "needlework_messages", "Messages by topic and state", labels=["workspace", "topic", "state"]
        )
        for topic, states in (await self._bus.counts(caller.workspace)).items():
            if isinstance(states, dict):
                for state, count in states.items():
                    messages.add_metric([caller.workspace.name, topic, state], count)
        registry = CollectorRegistry()
        registry.register(_Just([*self._metrics.families(whose), streams, messages]))
        return Response(generate_latest(registry), media_type=_MEDIA)


class _Just(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics
