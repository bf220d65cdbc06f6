"""What a handler gets: reads of a committed snapshot, a buffer of effects, progress, its delivery's identity."""

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.clock import Clock
from needlework.bus.ids import new_id
from needlework.bus.messages import Message
from needlework.bus.peers import Peer
from needlework.bus.records import Delivery, Finish, NewMessage, Publication, ignore
from needlework.bus.sql import Statement
from needlework.bus.tracing import attempt_span
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

UNIT_STATEMENTS = 50_000
"""Statements and messages one unit of work may collect; longer work commits in steps."""


class Reader:
    """Reads of committed rows. Rows answer to column names: `row["title"]`."""

    __slots__ = ("_bus",)

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus

    async def all(self, statement: Statement) -> list[Any]:
        """Every row. Page long results yourself, with LIMIT."""
        return await self._bus.store.read(statement)

    async def one(self, statement: Statement) -> Any | None:
        """The first row, or None."""
        rows = await self._bus.store.read(statement)
        return rows[0] if rows else None

    async def value(self, statement: Statement) -> Any:
        """The first column of the first row, or None."""
        rows = await self._bus.store.read(statement)
        return rows[0][0] if rows else None


class Context:
    """One attempt at one delivery. What is written and published through it commits with the ack, or not at all."""

    _statements: list[Statement] | None = None  # defaults of the class: most attempts need none of them
    _messages: list[NewMessage] | None = None
    _reports: list[bytes] | None = None
    _progress: Finish | None = None
    _next_progress: bytes | None = None
    _head: dict[str, Any] | None = None
    _traceparent: str | None = None
    straight = False
    """Whether the handler has waited for nothing yet: its first report is kept, and stored with its end."""
    closed = False
    """Whether the attempt has ended; what is written afterwards is refused."""

    def __init__(self, bus: "Bus", delivery: Delivery) -> None:
        self.bus, self._delivery = bus, delivery

    @property
    def untouched(self) -> bool:
        """Whether nothing was collected or reported, so that the attempt's end is all there is to store."""
        return self._statements is None and self._messages is None and self._reports is None and self._progress is None

    @property
    def workspace(self) -> Workspace:
        number = self._delivery.workspace
        return self.bus.workspaces.by_id.get(number) or Workspace(number, "?")

    @property
    def db(self) -> Reader:
        """Reads of committed rows."""
        return self.bus.reader

    @property
    def clock(self) -> Clock:
        return self.bus.clock

    @property
    def now(self) -> int:
        """Wall time, microseconds UTC."""
        return self.bus.clock.now()

    @property
    def message_id(self) -> str:
        return self._delivery.message_id

    @property
    def delivery_id(self) -> str:
        """Stable over attempts: use it as idempotency key for effects outside the database."""
        return self._delivery.id

    @property
    def runner(self) -> str:
        return self._delivery.runner.name

    @property
    def attempt(self) -> int:
        """This attempt's number, from 1."""
        return self._delivery.attempt + 1

    @property
    def last_attempt(self) -> bool:
        """Whether this delivery is dead where this attempt fails; one that asks to be run again does not fail."""
        return self._delivery.failures + 1 >= self._delivery.lane.topic.policy.retry.attempts

    @property
    def batch(self) -> str | None:
        return self._delivery.batch

    @property
    def cursor(self) -> Any:
        """What the last `commit(cursor=…)` of this delivery said; None at first."""
        return None if self._delivery.cursor is None else msgspec.json.decode(self._delivery.cursor)

    @property
    def fence(self) -> int:
        """Rises whenever the runner changes hands: an outside system can refuse a smaller one."""
        return self.bus.store.fences.get(self._delivery.runner.number, 0)

    @property
    def head(self) -> dict[str, Any]:
        """The message's headers: principal, traceparent."""
        head = self._head
        if head is None:
            head = self._head = msgspec.json.decode(self._delivery.head or "{}", type=dict[str, Any])
        return head

    @property
    def traceparent(self) -> str | None:
        """W3C trace context of this attempt, for calls outside; None where the message came with none."""
        if self._traceparent is None and (stored := self.head.get("traceparent")):
            self._traceparent = attempt_span(stored, self.delivery_id, self.attempt)
        return self._traceparent

    @traceparent.setter
    def traceparent(self, value: str | None) -> None:
        self._traceparent = value

    @property
    def principal(self) -> str:
        """Who published the message."""
        return str(self.head.get("principal", "system"))

    def peer(self, service: str) -> Peer | None:
        """The service outside that this workspace uses, None where the settings name none."""
        return self.bus.controls.peers.get((service, self.workspace.name))

    def new_id(self, prefix: str) -> str:
        """A fresh `prefix_ULID`."""
        return new_id(prefix, self.bus.clock.now(), self.bus.random)

    def write(self, *statements: Statement) -> None:
        """Collect statements; they commit with the ack. A statement with `expect` guards the whole unit."""
        self._open()
        if self._statements is None:
            self._statements = []
        self._statements.extend(statements)
        self._check_size()

    def publish(
        self,
        message: Message[Any],
        *,
        deliver_after: int | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
        batch: str | None = None,
    ) -> None:
        """Collect a message; it is stored with the ack. Validated now: raises PublishError for a wrong one."""
        self._open()
        publication = Publication(
            message=message, workspace=self.workspace, principal=self.principal, due=deliver_after, priority=priority,
            idempotency_key=idempotency_key, cause=self._delivery.seq, batch=batch,
            traceparent=self.traceparent,
        )  # fmt: skip
        if self._messages is None:
            self._messages = []
        self._messages.append(self.bus.encode(publication))
        self._check_size()

    def tell(self, kind: str, **data: Any) -> None:
        """Collect something that happened: an event of kind `log`, there if and only if the rest is committed."""
        self._open()
        if self._reports is None:
            self._reports = []
        self._reports.append(msgspec.json.encode({"kind": kind, **data}))
        self._check_size()

    def _open(self) -> None:
        if self.closed:
            raise RuntimeError("this attempt has ended: its context can't write any more")

    def _check_size(self) -> None:
        if sum(map(len, (self._statements or (), self._messages or (), self._reports or ()))) > UNIT_STATEMENTS:
            raise ValueError(
                f"a unit of work holds at most {UNIT_STATEMENTS} statements, messages and reports;"
                " commit in steps: ctx.commit(cursor=…)"
            )

    def collected(self) -> tuple[list[Statement] | None, list[NewMessage] | None, list[bytes] | None]:
        """What was collected since the last commit; the buffer is empty afterwards."""
        all_ = self._statements, self._messages, self._reports
        self._statements = self._messages = self._reports = None
        return all_

    async def commit(self, cursor: Any = None) -> None:
        """Commit what was collected so far with a resume point, and go on. Raises LeaseLost, GuardFailed."""
        self._open()
        data = msgspec.json.encode(cursor)
        await self._settle(Finish(self._delivery, "step", data, ignore, *self.collected()))

    async def progress(
        self,
        done: int | None = None,
        of: int | None = None,
        note: str | None = None,
        *,
        kind: str | None = None,
        **data: Any,
    ) -> None:
        """Report how far it is; streamed live and replayable. Without a `kind`, reports may be coalesced."""
        self._open()
        fields = {"kind": kind, "done": done, "of": of, "note": note, **data}
        encoded = msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
        if kind is not None:
            await self._settle(Finish(self._delivery, "progress", encoded, ignore))
            return
        if self.straight and self._next_progress is None:
            self._next_progress = encoded
            return
        first = self.straight or self._progress is None
        self.leave_straight()
        if self._progress is None:
            self._send_progress(encoded)
        else:
            self._next_progress = encoded
        if first:  # who reports in a loop lets the others run now and then
            await asyncio.sleep(0)

    async def log(self, kind: str, **data: Any) -> None:
        """Report something that happened now, whatever becomes of the rest, as an event of kind `log`."""
        self._open()
        await self._settle(Finish(self._delivery, "log", msgspec.json.encode({"kind": kind, **data}), ignore))

    def _send_progress(self, encoded: bytes) -> None:
        self._progress = Finish(self._delivery, "progress", encoded, self._progress_stored)
        self.bus.store.finish(self._progress)

    def _progress_stored(self, finish: Finish, error: Exception | None) -> None:
        self._progress = None
        if not self.closed:
            self.flush_progress()

    def leave_straight(self) -> None:
        """The handler waits: what it reported so far is stored now."""
        if self.straight:
            self.straight = False
            self.flush_progress()

    @property
    def kept_report(self) -> bytes | None:
        """The report that is stored with the attempt's end."""
        return self._next_progress

    def flush_progress(self) -> None:
        """Send the latest report that waited for the one before."""
        if self._next_progress is not None:
            encoded, self._next_progress = self._next_progress, None
            self._send_progress(encoded)

    async def _settle(self, finish: Finish) -> None:
        self.leave_straight()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def settled(finish: Finish, error: Exception | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        finish.settled = settled
        self.bus.store.finish(finish)
        await future

    async def query(self, message: Message[Any]) -> Any:
        """Ask a query topic, inline."""
        return await self.bus.query(message, workspace=self.workspace, principal=self.principal)

    def audit(self, action: str, target: str, detail: str = "") -> None:
        """Collect a line of the log for people; it commits with the rest."""
        self.write(self.bus.audit.statement(self.principal, self.workspace.id, action, target, detail=detail))
