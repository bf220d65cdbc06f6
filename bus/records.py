"""The records that pass between the bus and its store."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from needlework.bus.clock import rfc3339
from needlework.bus.ids import message_id
from needlework.bus.messages import Message
from needlework.bus.registry import Runner, Topic
from needlework.bus.sql import Statement
from needlework.bus.workspaces import Workspace

WAITED = 1
"""Flag of a message that a caller waits for: never held by `config.tick.disable`."""
KEYED = 2
"""Flag of a message that an idempotency key names: it is kept for as long as the key, to answer repeats."""

OutcomeKind = Literal["result", "refused", "dead", "cancelled"]
TERMINAL = frozenset(("result", "refused", "dead", "cancelled"))


class Publication(msgspec.Struct, kw_only=True):
    """What a caller asks the bus to store. Times are microseconds UTC."""

    message: Message[Any]
    workspace: Workspace
    principal: str = "system"
    due: int | None = None
    priority: int | None = None
    idempotency_key: str | None = None
    force: bool = False
    cause: int | None = None
    batch: str | None = None
    traceparent: str | None = None
    waited: bool = False


class Receipt(msgspec.Struct, frozen=True, eq=False):
    """The acknowledgement of a publish: the message is committed. Times are microseconds UTC."""

    seq: int
    created: int
    due: int
    topic: str
    deduplicated: bool
    """Nothing was stored: it repeats an earlier publish, or a waiting message has absorbed it."""
    replayed: bool = False
    """It repeats an earlier publish, by its idempotency key."""

    @property
    def id(self) -> str:
        """The outside id, `msg_<ULID>`."""
        return message_id(self.seq, self.created)

    @property
    def published(self) -> int:
        """When it was stored, microseconds UTC."""
        return self.created


class RunnerLane:
    """A runner as the store sees it: its number, and how many deliveries its process can take from memory.

    `room` and `live` are set by the event loop, `taken` by the writer thread, `accepted` by the event loop;
    each has one writer, so no lock is needed.
    """

    __slots__ = ("accepted", "live", "name", "number", "room", "runner", "taken")

    def __init__(self, runner: Runner, number: int) -> None:
        self.runner, self.number, self.name = runner, number, runner.name
        self.room = self.taken = self.accepted = 0
        self.live = False


class TopicLane:
    """A topic as the store sees it: its number, the runners that take it, and whether it needs more than inserts."""

    __slots__ = ("automatic", "coalesce", "limited", "name", "number", "ordered", "plain", "runners", "topic")

    def __init__(self, topic: Topic, number: int, runners: tuple[RunnerLane, ...]) -> None:
        self.topic, self.number, self.runners, self.name = topic, number, runners, topic.name
        self.ordered = topic.ordered
        self.coalesce = topic.policy.coalesce
        self.automatic = topic.policy.automatic
        self.limited = bool(topic.policy.limits)
        self.plain = not self.ordered and self.coalesce == "off"


class NewMessage(msgspec.Struct, eq=False):
    """A validated, encoded message on its way into the store."""

    lane: TopicLane
    workspace: int
    message: Message[Any]
    body: bytes
    checksum: int
    priority: int
    key: str | None = None
    due: int | None = None
    flags: int = 0
    cause: int | None = None
    batch: str | None = None
    head: str | None = None
    idempotency_key: str | None = None
    idempotency_hash: int = 0
    force: bool = False


class Delivery(msgspec.Struct, eq=False):
    """One message owed to one runner, as handed to its process."""

    runner: RunnerLane
    lane: TopicLane
    seq: int
    workspace: int
    priority: int
    due: int
    created: int
    attempt: int = 0
    """Attempts that ended before this one."""
    key: str | None = None
    body: bytes = b""
    checksum: int = 0
    flags: int = 0
    cause: int | None = None
    batch: str | None = None
    head: str | None = None
    message: Message[Any] | None = None
    cursor: str | None = None
    failures: int = 0
    suspicion: int = 0
    deaths: int = 0
    moved: bool = False
    """Whether a row in `positions` may say where it stands."""
    started: bool = False
    revoked: str | None = None
    """Set to the canceller's name when it must not go on."""

    @property
    def message_id(self) -> str:
        return message_id(self.seq, self.created)

    @property
    def id(self) -> str:
        """Stable over attempts: the idempotency key for effects outside the database."""
        return f"{self.message_id}:{self.runner.name}"


class Outcome(msgspec.Struct, frozen=True):
    """How a message ended for the runner that answers."""

    kind: OutcomeKind
    data: Any
    event: int


class Finish(msgspec.Struct, eq=False):
    """One attempt's end, or a step of it, to be committed: effects, messages and the move of the delivery together."""

    delivery: Delivery
    kind: str
    data: bytes | None
    settled: Callable[["Finish", Exception | None], None]
    statements: list[Statement] | None = None
    messages: list[NewMessage] | None = None
    reports: list[bytes] | None = None
    """Events of kind `log` that are stored with it, before its own."""
    error: str = ""
    reason: str = "attempts"
    """Why it is dead: attempts, checksum, schema, or poison; `stopped` where the service ended around its handler."""
    delay: int = 0
    """Microseconds until the next attempt, from the commit on: a clock may be set before that."""

    @property
    def risky(self) -> bool:
        """Whether it may fail after it has written: only foreign statements can."""
        return self.statements is not None

    def settle(self, result: Any, error: Exception | None) -> None:
        """Called in the event loop after COMMIT, or after it failed."""
        self.settled(self, error)


def ignore(finish: Finish, error: Exception | None) -> None:
    """For a `Finish` that nobody waits for."""


class Completions(msgspec.Struct, eq=False):
    """Attempts that returned and wrote nothing, to be acknowledged together: (delivery, last progress, result).

    Progress and result are JSON. Only outside batches, and of deliveries without a row in `positions`.
    """

    ends: list[tuple[Delivery, bytes | None, bytes | None]]
    settled: Callable[["Completions", Exception | None], None]

    risky = False

    def settle(self, result: Any, error: Exception | None) -> None:
        """Called in the event loop after COMMIT, or after it failed."""
        self.settled(self, error)


class EventRecord:
    """One event of a message; `seq` is its number in the one event sequence."""

    __slots__ = (
        "_data",
        "_frame",
        "_span",
        "at",
        "created",
        "kind",
        "message_seq",
        "runner",
        "seq",
        "topic",
        "workspace",
    )

    def __init__(
        self, seq: int, message_seq: int, created: int, runner: str, workspace: int, topic: str, kind: str, at: int,
        data: bytes | None,
    ) -> None:  # fmt: skip
        self.seq, self.message_seq, self.created, self.runner = seq, message_seq, created, runner
        self.workspace, self.topic, self.kind, self.at = workspace, topic, kind, at
        self._data = data
        self._frame: bytes | None = None
        self._span: slice | None = None

    @property
    def data(self) -> bytes | None:
        """What the event carries, as JSON."""
        if self._frame is not None and self._span is not None:
            return self._frame[self._span]
        return self._data

    @property
    def size(self) -> int:
        """Bytes that the event takes in memory, roughly."""
        data = self._span.stop - self._span.start if self._span is not None else len(self._data or b"")
        return 300 + int(data)

    @property
    def message(self) -> str:
        """The message's outside id."""
        return message_id(self.message_seq, self.created)

    @property
    def terminal(self) -> bool:
        return self.kind in TERMINAL

    @property
    def frame(self) -> bytes:
        """The event as a server-sent event frame, encoded once however many watch."""
        if self._frame is None:
            fields = {
                "message": self.message,
                "topic": self.topic,
                "runner": self.runner,
                "at": rfc3339(self.at),
            }
            fixed = msgspec.json.encode(fields)[:-1]
            head = b'id: %d\nevent: %s\ndata: %s,"data":' % (self.seq, self.kind.encode(), fixed)
            self._frame = b"%s%s}\n\n" % (head, self._data or b"null")
            if self._data:  # kept once: readers may hold many events, and large ones
                self._span, self._data = slice(len(head), len(head) + len(self._data)), None
        return self._frame


class Reset(msgspec.Struct, frozen=True):
    """Events after a stream's resume point are gone, or it never was one; from `oldest` on nothing is missing."""

    oldest: int


class Slot(msgspec.Struct, frozen=True):
    """One time of a schedule in one workspace; stored once."""

    schedule: str
    workspace: int
    at: int
