"""The event hub: tells waiters and watchers, in the process, what each commit added to the one event sequence.

The bus never waits for readers: each has a buffer that is bounded in events and in bytes, and one that falls behind
reads the log at its own pace.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, cast

import msgspec
from needlework.bus.messages import Reply
from needlework.bus.records import TERMINAL, EventRecord, Outcome, OutcomeKind, Reset

BUFFER = 512
"""Events a watcher may lag behind before it reads the log instead."""
BUFFER_BYTES = 256 << 10
"""Bytes of events a watcher may lag behind before it reads the log instead."""
PAGE = 200

Page = Callable[["Filter", int, int], Awaitable[list[EventRecord]]]
"""(filter, after, limit) -> events of the log in order."""
Gone = Callable[["Filter"], Awaitable[int]]
"""filter -> the highest number of an event that retention removed."""
Row = tuple[int, int, int, int, int, int, str, int, bytes | None]


class Filter:
    """Which events a watcher wants; always of one workspace."""

    __slots__ = ("message", "topic", "workspace")

    def __init__(self, workspace: int, message: int | None = None, topic: int | None = None) -> None:
        self.workspace, self.message, self.topic = workspace, message, topic


class Watcher:
    """One reader's place: live events wait in `buffer`; `lagging` means that the log must be read from `last`."""

    __slots__ = ("buffer", "filter", "held", "lagging", "last", "waiter")

    def __init__(self, filter: Filter, last: int) -> None:
        self.filter, self.last = filter, last
        self.buffer: deque[EventRecord] = deque()
        self.held = 0
        """Bytes of what is in the buffer."""
        self.lagging = True
        self.waiter: asyncio.Future[None] | None = None

    def offer(self, event: EventRecord) -> None:
        """One more event that was committed."""
        if not self.lagging:
            self.held += event.size
            if len(self.buffer) >= BUFFER or self.held > BUFFER_BYTES:
                self.buffer.clear()
                self.held, self.lagging = 0, True
            else:
                self.buffer.append(event)
        self.wake()

    def catch_up(self, page: list[EventRecord]) -> None:
        """A page of the log after `last`. What was committed while it was read follows it only where they overlap:
        else there may be more of the log between, and the next page is read instead."""
        if not page:
            return
        if self.lagging or not self.buffer or self.buffer[0].seq > page[-1].seq:
            self.buffer.clear()
            self.held, self.lagging = 0, True
        self.buffer.extendleft(reversed(page))
        self.held += sum(event.size for event in page)

    def take(self) -> EventRecord | None:
        """The next event, None where there is none; what was read from the log as well comes once."""
        while self.buffer:
            event = self.buffer.popleft()
            self.held = self.held - event.size if self.buffer else 0
            if event.seq > self.last:
                self.last = event.seq
                return event
        return None

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def wait(self) -> None:
        self.waiter = asyncio.get_running_loop().create_future()
        try:
            await self.waiter
        finally:
            self.waiter = None


class Hub:
    """All watchers and waiters of this process."""

    def __init__(self, names: dict[int, str], page: Page, gone: Gone) -> None:
        self._names, self._page, self._gone = names, page, gone
        self.latest = 0
        self._by_message: dict[int, set[Watcher]] = {}
        self._by_topic: dict[tuple[int, int | None], set[Watcher]] = {}
        """Watchers of a topic of a workspace, or of all of it: an event costs those of other topics nothing."""
        self._outcomes: dict[tuple[int, int], list[asyncio.Future[Row]]] = {}
        self._closed = False
        self.behind: Callable[[], None] = lambda: None
        """Called where the log holds events of other processes that nobody here was told of: `deliver` them."""
        self.following = self.missed = False
        """Whether the log is being read; whether something was committed here meanwhile."""

    def publish(self, rows: Sequence[Row]) -> None:
        """Tell everybody what this process committed; in its place in the log, where others wrote before."""
        if not rows:
            return
        if self.following or (rows[0][0] > self.latest + 1 and self._matters()):
            self.following = self.missed = True
            self.behind()
        else:
            self.deliver(rows)

    def reach(self, latest: int) -> None:
        """The log goes on to number `latest`, others' events included."""
        if latest <= self.latest:
            return
        if self._matters():
            self.following = self.missed = True
            self.behind()
        else:
            self.latest = latest

    def _matters(self) -> bool:
        return bool(self._outcomes or self._by_message or self._by_topic)

    def deliver(self, rows: Sequence[Row]) -> None:
        """Tell everybody of events in their order. They become records only where somebody watches."""
        self.latest = max(self.latest, rows[-1][0])
        outcomes, by_message, by_topic = self._outcomes, self._by_message, self._by_topic
        if not outcomes and not by_message and not by_topic:
            return
        for row in rows:
            if outcomes and row[6] in TERMINAL:
                for future in outcomes.pop((row[1], row[3]), ()):
                    if not future.done():
                        future.set_result(row)
            if not by_message and not by_topic:
                continue
            event: EventRecord | None = None
            for watchers in (by_message.get(row[1]), by_topic.get((row[4], row[5])), by_topic.get((row[4], None))):
                if watchers:
                    event = event or self.record(row)
                    for watcher in watchers:
                        watcher.offer(event)

    def record(self, row: Row) -> EventRecord:
        """A committed row as the record that streams carry."""
        seq, message, created, runner, workspace, topic, kind, at, data = row
        names = self._names
        return EventRecord(
            seq, message, created, names.get(runner, "?"), workspace, names.get(topic, "?"), kind, at, data
        )

    def waiting(self) -> int:
        """Requests that wait for an outcome."""
        return sum(len(futures) for futures in self._outcomes.values())

    def expect(self, message: int, runner: int) -> "asyncio.Future[Row]":
        """A future of the delivery's terminal event; `forget` it when you no longer wait."""
        future: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._outcomes.setdefault((message, runner), []).append(future)
        return future

    def forget(self, message: int, runner: int, future: "asyncio.Future[Row]") -> None:
        """Wait no longer."""
        futures = self._outcomes.get((message, runner))
        if futures is not None and future in futures:
            futures.remove(future)
            if not futures:
                del self._outcomes[message, runner]

    async def stream(self, filter: Filter, after: int) -> AsyncIterator[EventRecord | Reset]:
        """Events after number `after`: first from the log, then live, with no repeat, and no gap that is not told."""
        watcher, told = Watcher(filter, after), after
        index, key = self._watchers(filter)
        index.setdefault(key, set()).add(watcher)
        try:
            while not self._closed:
                if watcher.lagging and not watcher.buffer:
                    watcher.lagging = False  # commits during the read go to the buffer; doubles are dropped by number
                    watcher.catch_up(await self._page(watcher.filter, watcher.last, PAGE))
                    if (gone := await self._gone(filter)) > max(told, watcher.last):
                        told = gone
                        yield Reset(gone + 1)
                while (event := watcher.take()) is not None:
                    yield event
                    del event
                if not watcher.lagging and not self._closed:
                    await watcher.wait()
        finally:
            with contextlib.suppress(KeyError):
                index[key].discard(watcher)
                if not index[key]:
                    del index[key]

    def _watchers(self, filter: Filter) -> tuple[dict[Any, set[Watcher]], Any]:
        if filter.message is not None:
            return self._by_message, filter.message
        return self._by_topic, (filter.workspace, filter.topic)

    def close(self) -> None:
        """End all streams; requests that wait hear that the outcome is not known yet."""
        self._closed = True
        for futures in self._outcomes.values():
            for future in futures:
                if not future.done():
                    future.set_exception(TimeoutError("the service stops"))
        for index in (self._by_message, self._by_topic):
            for watchers in index.values():
                for watcher in watchers:
                    watcher.wake()


def outcome_of(row: Row) -> Outcome:
    """A terminal event as the reply to a request."""
    data = msgspec.json.decode(row[8]) if row[8] else None
    if isinstance(data, dict) and "$body" in data:
        data = Reply(data["$body"], data.get("$headers", {}))
    return Outcome(cast(OutcomeKind, row[6]), data, row[0])
