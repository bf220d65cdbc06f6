"""Event streams: memory of 10,000 idle ones; what arrives, and how late, where many watch many events.

Run: uv run python benchmarks/sse.py
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import common
import processes
from needlework.bus.bus import Bus
from needlework.bus.records import Publication
from needlework.bus.testing import running_bus
from needlework.http.app import build_app
from needlework.http.server import make_server
from needlework.http.settings import HttpSettings
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from watching import MARK, PATH, reading


async def stamped(message: Any, ctx: Any) -> dict[str, int]:
    """A handler whose result says when it ended, by the clock that all processes of a machine share."""
    return {"t": time.monotonic_ns()}


async def paced(rate: int, seconds: float, emit: Any) -> int:
    """Call `await emit(count)` every 10 ms so that `rate` a second come out; how many did."""
    start, sent, total = time.perf_counter(), 0, round(rate * seconds)
    while sent < total:
        due = min(total, int((time.perf_counter() - start) * rate))
        if due > sent:
            await emit(due - sent)
            sent = due
        await asyncio.sleep(0.01)
    return sent


class Ours:
    """The service."""

    def __init__(self, bus: Bus, port: int) -> None:
        self._bus, self._port = bus, port

    async def port(self) -> int:
        return self._port

    async def emit(self, rate: int, seconds: float) -> int:
        """Publish messages, each of which has one result; how many."""
        workspace = self._bus.workspaces.by_name["default"]

        async def publish(count: int) -> None:
            messages = [Publication(message=common.Work(id="x"), workspace=workspace) for _ in range(count)]
            await asyncio.gather(*(self._bus.publish(message) for message in messages))

        sent = await paced(rate, seconds, publish)
        await common.finished(self._bus)
        return sent


@contextlib.asynccontextmanager
async def ours(directory: str) -> AsyncIterator[Ours]:
    """The service, with room for all the streams."""
    async with running_bus(common.registry(handler=stamped), Path(directory)) as bus:
        listener = processes.socket_of_loopback()
        app = build_app(bus, HttpSettings(streams_per_workspace=20_000, grace=1.0))
        async with processes.listening(make_server(app, [listener]), listener) as port:
            yield Ours(bus, port)


class Bare:
    """The reference: Starlette, a queue a watcher, frames put into all of them; nothing stored, nothing resumable."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[bytes]] = set()
        self.number = 0

    async def port(self) -> int:
        return self.number

    async def stream(self, request: Any) -> StreamingResponse:
        async def frames() -> AsyncIterator[bytes]:
            queue: asyncio.Queue[bytes] = asyncio.Queue()
            self.queues.add(queue)
            try:
                yield b"retry: 2000\n\n"
                while True:
                    yield await queue.get()
            finally:
                self.queues.discard(queue)

        return StreamingResponse(frames(), media_type="text/event-stream")

    async def emit(self, rate: int, seconds: float) -> int:
        async def put(count: int) -> None:
            for _ in range(count):
                frame = b'id: 1\n%s\ndata: {"data":{"t":%d}}\n\n' % (MARK, time.monotonic_ns())
                for queue in self.queues:
                    queue.put_nowait(frame)

        return await paced(rate, seconds, put)


@contextlib.asynccontextmanager
async def bare(directory: str) -> AsyncIterator[Bare]:
    """The reference's server."""
    body, listener = Bare(), processes.socket_of_loopback()
    server = processes.reference_server(Starlette(routes=[Route(PATH, body.stream)]))
    async with processes.listening(server, listener) as body.number:
        yield body


def idle(actor: Any, count: int) -> float:
    """KB of the server's memory for each of `count` idle streams."""
    with common.scratch() as directory, processes.remote(actor, directory) as server:
        port = server.ask("port")
        with processes.remote(reading) as warm:
            warm.ask("watch", port, 100)
            warm.ask("leave")
        before = server.rss()
        with processes.remote(reading) as client:
            client.ask("watch", port, count)
            time.sleep(1.0)
            used = server.rss() - before
            client.ask("leave")
        return used * 1024 / count


def load(actor: Any, watchers: int, rate: int, seconds: float) -> tuple[float, float, float]:
    """(share delivered, delay p50, p99 in ms) where `watchers` see `rate` events a second."""
    with common.scratch() as directory, processes.remote(actor, directory) as server:
        with processes.remote(reading) as client:
            client.ask("watch", server.ask("port"), watchers)
            sent = server.ask("emit", rate, seconds)
            events, p50, p99 = client.ask("seen")
            client.ask("leave")
        return events / (sent * watchers), p50, p99


def main() -> None:
    """References and measurements take turns, the median of three (idle: one of each)."""
    quick = common.options(__doc__).quick
    count, seconds = (300, 0.5) if quick else (10_000, 5.0)
    mine, other = idle(ours, count), idle(bare, count)
    rows: list[dict[str, Any]] = [
        {"what": f"{count:,} idle streams (KB each)", "figure": round(mine, 1), "ratio": mine / other,
         "reference": f"Starlette's StreamingResponse ({other:.1f} KB)", "goal": "<= 50 KB", "met": mine <= 50}
    ]  # fmt: skip
    for watchers, rate in ((100, 1_000), (1_000, 100)):
        found: dict[Any, list[tuple[float, float, float]]] = {bare: [], ours: []}
        for _ in range(1 if quick else 3):
            for actor, results in found.items():
                results.append(load(actor, watchers, rate, seconds))
        share, p50, p99 = (common.median([result[n] for result in found[ours]]) for n in range(3))
        beside = [common.median([result[n] for result in found[bare]]) for n in range(3)]
        what = f"{watchers:,} watchers × {rate:,} events/s"
        rows.append(
            {
                "what": f"{what}: delivered (%)",
                "figure": round(share * 100, 2),
                "ratio": share / beside[0],
                "reference": f"Starlette and queues ({beside[0]:.0%})",
                "goal": "100 %",
                "met": share == 1,
            }
        )
        for name, value, base in (("p50", p50, beside[1]), ("p99", p99, beside[2])):
            rows.append({"what": f"{what}: delay {name} (ms)", "figure": round(value, 1), "ratio": value / base,
                         "reference": f"Starlette and queues ({base:.1f} ms)"})  # fmt: skip
    common.report(rows)


if __name__ == "__main__":
    main()
