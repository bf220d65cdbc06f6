"""A real server on a disk in trouble: clients publish, read and ask whether it lives, before, during and after."""

import asyncio
import contextlib
import errno
import itertools
import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from crash_disk import LOG, OPEN, READ, SHORT, SYNC, TRUNCATE, UNLINK, WRITE, Disk
from crash_kit import Child
from crash_serve import rows, serving
from crash_topics import nap

OK, FULL, REFUSED = 200, 507, 503


@dataclass(frozen=True)
class Case:
    """A trouble: what the disk does, and what a publish may be answered meanwhile."""

    begin: Callable[[Disk], None]
    answers: frozenset[int]
    reads: frozenset[int] = frozenset({200})


def _fails(calls: int, *answers: int, files: int | None = None, error: int = errno.EIO, share: float = 1.0) -> Case:
    where = {} if files is None else {"files": files}
    return Case(lambda disk: disk.fail(calls, error=error, share=share, **where), frozenset(answers))


CASES = {
    "full log": _fails(WRITE, FULL, files=LOG, error=errno.ENOSPC),
    "full everywhere": _fails(WRITE | OPEN, FULL, error=errno.ENOSPC),
    "nothing may grow": Case(lambda disk: disk.set(space=0), frozenset({OK, FULL})),
    "no quota left": _fails(WRITE, REFUSED, FULL, error=errno.EDQUOT),
    "syncs fail": _fails(SYNC, REFUSED),
    "1 % of syncs fail": _fails(SYNC, OK, REFUSED, share=0.01),
    "20 % of syncs fail": _fails(SYNC, OK, REFUSED, share=0.2),
    "writes fail": _fails(WRITE, REFUSED),
    "1 % of writes fail": _fails(WRITE, OK, REFUSED, share=0.01),
    "reads fail": Case(lambda disk: disk.fail(READ), frozenset({OK, REFUSED}), frozenset({200, REFUSED})),
    "1 % of reads fail": Case(
        lambda disk: disk.fail(READ, share=0.01), frozenset({OK, REFUSED}), frozenset({200, REFUSED})
    ),
    "read-only": _fails(WRITE | OPEN | TRUNCATE | UNLINK, REFUSED, error=errno.EROFS),
    "no descriptors": _fails(OPEN, OK, REFUSED, error=errno.EMFILE),
    "short writes": Case(
        lambda disk: (disk.set(action=SHORT, per_million=500_000, calls=WRITE), None)[1], frozenset({OK})
    ),
    "slow": Case(lambda disk: disk.set(sync_delay=300_000, write_delay=20_000), frozenset({OK, 429})),
}


@dataclass
class Seen:
    """What the clients saw."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    publishes: Counter[int] = field(default_factory=Counter)
    reads: Counter[int] = field(default_factory=Counter)
    read_times: list[float] = field(default_factory=list)
    health_times: list[float] = field(default_factory=list)
    healthy: Counter[int] = field(default_factory=Counter)
    recovered: float = -1.0
    """Seconds from the end of the trouble to the first publish that was answered with success."""
    syncs: int = 0
    problems: list[str] = field(default_factory=list)

    def percentile(self, times: list[float], share: float = 0.99) -> float:
        """Seconds."""
        ordered = sorted(times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Clients:
    """Some publish, one reads, one asks for the health, until told to stop."""

    def __init__(self, client: httpx2.AsyncClient, numbers: Iterator[int], seen: Seen) -> None:
        self._client, self._numbers, self._seen = client, numbers, seen
        self.trouble = False
        self._healed_at = 0.0

    def heal(self) -> None:
        """The trouble is over: from now on it counts how long the first success takes."""
        self._healed_at, self.trouble = time.monotonic(), False

    async def publish(self) -> None:
        """One after the other."""
        seen = self._seen
        while True:
            number, within = next(self._numbers), self.trouble
            body = {"topic": "slowly.note", "data": {"number": number}}
            answer = await self._client.post("/api/internal/pubsub/publish", json=body)
            if answer.is_success:
                seen.acknowledged[answer.json()["id"]] = number
                if self._healed_at and seen.recovered < 0:
                    seen.recovered = time.monotonic() - self._healed_at
            elif "retry-after" not in answer.headers:
                seen.problems.append(f"{answer.status_code} without Retry-After: {answer.text}")
            if within and self.trouble:
                seen.publishes[answer.status_code] += 1

    async def read(self) -> None:
        """Some message, and a list."""
        while True:
            for path in (next(iter(self._seen.acknowledged), ""), "?limit=20"):
                began, within = time.monotonic(), self.trouble
                answer = await self._client.get(f"/api/internal/pubsub/messages/{path}".replace("/?", "?"))
                if within and self.trouble:
                    self._seen.reads[answer.status_code] += 1
                    self._seen.read_times.append(time.monotonic() - began)
            await nap(0.01)

    async def health(self) -> None:
        """Is it alive?"""
        while True:
            began, within = time.monotonic(), self.trouble
            answer = await self._client.get("/healthz")
            if within and self.trouble:
                self._seen.healthy[answer.status_code] += 1
                self._seen.health_times.append(time.monotonic() - began)
            await nap(0.01)


async def _run(case: Case, disk: Disk, url: str, seen: Seen, seconds: float, publishers: int) -> None:
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        clients = Clients(client, itertools.count(), seen)
        tasks = [asyncio.create_task(clients.publish()) for _ in range(publishers)]
        while not seen.acknowledged:
            await nap(0.01)
        tasks += [asyncio.create_task(clients.read()), asyncio.create_task(clients.health())]
        await nap(seconds / 4)
        case.begin(disk)
        await nap(0.2)  # what was on its way has its own answer
        clients.trouble, syncs = True, disk["log_syncs"]
        await nap(seconds)
        while not (seen.healthy and seen.reads):  # on a busy machine
            await nap(0.01)
        seen.syncs = disk["log_syncs"] - syncs
        clients.heal()
        disk.heal()
        end = time.monotonic() + 20
        while seen.recovered < 0 and time.monotonic() < end:
            await nap(0.01)
        await nap(seconds / 4)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                seen.problems.append(f"a client ended: {result!r}")


def run(case: Case, disk: Disk, folder: Path, *, seconds: float = 1.0, publishers: int = 16, soon: float = 20) -> Seen:
    """One trouble from beginning to end; `problems` are the broken promises.

    The first success comes within `soon` seconds after it; how soon indeed, `benchmarks/faults/trouble.py` tells.
    """
    seen, data = Seen(), folder / "data"
    data.mkdir(parents=True)
    disk.heal()
    with serving(data, folder, disk=disk) as (one, url):
        asyncio.run(_run(case, disk, url, seen, seconds, publishers))
        _finished(data, one)
        if one.process.poll() is not None:
            one.wait(5)
            seen.problems.append(f"the server ended with {one.process.poll()}: {one.out[-2000:]} {one.err[-2000:]}")
        with contextlib.suppress(ProcessLookupError):
            one.signal(signal.SIGTERM)
        if (code := one.wait(60)) != 0:
            seen.problems.append(f"it stopped with {code}: {one.err[-2000:]}")
    seen.problems += _promises(case, seen, soon) + _stored(data, seen)
    return seen


def _finished(data: Path, one: Child) -> None:
    """Until each message has ended, or long enough."""
    end, left = time.monotonic() + 20, "SELECT (SELECT count(*) FROM messages) - (SELECT count(*) FROM events"
    while rows(data, f"{left} WHERE kind = 'result')") != [(0,)] and time.monotonic() < end:
        one.run_for(0.1)


def _promises(case: Case, seen: Seen, soon: float) -> list[str]:
    problems = []
    if unexpected := set(seen.publishes) - case.answers:
        problems.append(f"publishes were answered {unexpected}: {seen.publishes}")
    if unexpected := set(seen.reads) - case.reads:
        problems.append(f"reads were answered {unexpected}: {seen.reads}")
    if set(seen.healthy) != {200}:
        problems.append(f"/healthz was answered {seen.healthy}")
    if not 0 <= seen.recovered < soon:
        problems.append(f"the first success came {seen.recovered:.2f} s after the trouble")
    return problems


def _stored(data: Path, seen: Seen) -> list[str]:
    problems = [] if rows(data, "PRAGMA integrity_check") == [("ok",)] else ["integrity_check"]
    problems += ["foreign_key_check"] if rows(data, "PRAGMA foreign_key_check") else []
    found = rows(data, "SELECT json_extract(CAST(m.body AS TEXT), '$.number'), e.kind FROM messages m"
                 " LEFT JOIN events e ON e.message = m.seq AND e.kind IN ('result', 'dead')")  # fmt: skip
    stored = Counter(number for number, _ in found)
    if lost := set(seen.acknowledged.values()) - set(stored):
        problems.append(f"LOST: {len(lost)} of {len(seen.acknowledged)}")
    if double := [number for number, count in stored.items() if count > 1]:
        problems.append(f"stored or ended twice: {double[:5]}")
    known = set(seen.acknowledged.values())  # others may have come in while it stopped
    if open_ends := [number for number, kind in found if kind != "result" and number in known]:
        problems.append(f"not completed: {open_ends[:5]} of {len(open_ends)}")
    return problems


def table(name: str, seen: Seen) -> str:
    """One line of figures."""
    return json.dumps(
        {
            "case": name, "publishes": dict(seen.publishes), "reads": dict(seen.reads),
            "acknowledged": len(seen.acknowledged),
            "read_p99_ms": round(seen.percentile(seen.read_times) * 1000),
            "healthz_p99_ms": round(seen.percentile(seen.health_times) * 1000),
            "recovered_s": round(seen.recovered, 3), "log_syncs": seen.syncs, "problems": seen.problems,
        }
    )  # fmt: skip
