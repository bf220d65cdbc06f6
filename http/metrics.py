"""`/metrics` for Prometheus. Requests are counted in plain integers; text is made when somebody asks."""

from collections import Counter, defaultdict
from collections.abc import Iterator
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


class Metrics(Collector):
    """What the HTTP layer counts. A route stands under its pattern: an id in a label would never end."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._slots: dict[str, list[int]] = defaultdict(lambda: [0] * (len(_BUCKETS) + 1))
        self._sums: dict[str, float] = defaultdict(float)
        self.streams = 0

    def note(self, endpoint: Endpoint | None, status: int, seconds: float) -> None:
        """One finished request."""
        path, method = (endpoint.path, endpoint.method) if endpoint is not None else ("none", "none")
        self._requests[method, path, status] += 1
        slot = 0
        while slot < len(_BUCKETS) and seconds > _BUCKETS[slot]:
            slot += 1
        self._slots[path][slot] += 1
        self._sums[path] += seconds

    def count(self) -> int:
        """Requests so far."""
        return self._requests.total()

    def collect(self) -> Iterator[Metric]:
        """The families, in Prometheus's words."""
        requests = CounterMetricFamily(
            "needlework_http_requests", "Requests by route and status", labels=["method", "route", "status"]
        )
        for (method, path, status), count in self._requests.items():
            requests.add_metric([method, path, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily(
            "needlework_http_request_seconds", "Time until the answer was complete", labels=["route"]
        )
        for path, slots in self._slots.items():
            total, buckets = 0, []
            for bound, count in zip((*map(str, _BUCKETS), "+Inf"), slots, strict=True):
                total += count
                buckets.append((bound, float(total)))
            seconds.add_metric([path], buckets, self._sums[path])
        yield seconds
        yield GaugeMetricFamily("needlework_http_streams", "Open event streams", self.streams)


class MetricsPage:
    """The route."""

    def __init__(self, bus: "Bus", metrics: Metrics, streams: "Streams") -> None:
        self._bus, self._metrics, self._streams = bus, metrics, streams
        self._registry = CollectorRegistry()
        self._registry.register(metrics)

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
        self._metrics.streams = len(self._streams)
        messages = GaugeMetricFamily(
            "needlework_messages", "Messages by topic and state", labels=["workspace", "topic", "state"]
        )
        for topic, states in (await self._bus.counts(caller.workspace)).items():
            if isinstance(states, dict):
                for state, count in states.items():
                    messages.add_metric([caller.workspace.name, topic, state], count)
        own = CollectorRegistry()
        own.register(_Just(messages))
        return Response(generate_latest(self._registry) + generate_latest(own), media_type=_MEDIA)


class _Just(Collector):
    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterator[Metric]:
        yield self._metric
