"""What a publish checks before anything is written: type, size, budget; and how a message is encoded."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec
from needlework.bus.errors import InvalidMessage, NotFound, OverBudget, TooLarge
from needlework.bus.records import KEYED, WAITED, NewMessage, Publication
from needlework.bus.registry import Topic
from needlework.bus.tracing import Telemetry

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

MESSAGE_LIMIT = 256 * 1024
"""Bytes of an encoded message; topics with `large = true` take up to LARGE_LIMIT."""
LARGE_LIMIT = 64 * 1024 * 1024
LATEST = 253_402_300_800 * 1_000_000
"""Microseconds: the end of the year 9999, after which no time can be shown."""
OVERLOAD = 20_000
"""Units that wait to be written above which outside publishers hear 429."""
BUDGET = 1_000_000
"""Unfinished deliveries of one topic in one workspace above which outside publishers hear 429."""
STEP = 100
"""Messages of a list after which others may run: a long list would hold up everybody for as long as it takes."""
_ENCODE = msgspec.json.Encoder().encode
_MEMBER = "\x1f"
"""Between a list's key and the number of a message in it: no key that callers may give holds it."""


class Encoder:
    """Turns publications into rows to be. Constants of a topic are worked out once, not per message."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self.budget, self.message_limit = BUDGET, MESSAGE_LIMIT
        self.telemetry: Telemetry | None = None
        """Who is told of each publish and each attempt, and gives them their spans."""

    def encode(self, publication: Publication) -> NewMessage:
        """Validate and encode a publication. Raises PublishError."""
        message = publication.message
        topic = self._bus.registry.topic_of(message)
        policy = topic.policy
        if policy.query:
            raise NotFound(f"topic {topic.name!r} is a query: ask it, it is never stored")
        body = _ENCODE(message)
        if len(body) > self.message_limit:
            self._check_size(topic, len(body))
        priority = policy.priority if publication.priority is None else publication.priority
        if not 0 <= priority <= 9 or (publication.due is not None and not 0 <= publication.due < LATEST):
            raise InvalidMessage(
                f"priority goes from 0 to 9 and due to the year 9999, not {priority} and {publication.due}"
            )
        new = NewMessage(
            self._bus.store.topics[topic.name], publication.workspace.id, message, body, crc32(body), priority,
            topic.key_of(message) if topic.key_fields else None, publication.due, WAITED if publication.waited else 0,
            publication.cause, publication.batch,
        )  # fmt: skip
        new.force = publication.force
        if publication.idempotency_key is not None:
            _give_key(new, publication.idempotency_key, _body_hash(new))
        trace = publication.traceparent
        if self.telemetry is not None:
            trace = self.telemetry.published(topic.name, trace)
        if publication.principal != "system" or trace is not None:
            new.head = _head(publication.principal, trace)
        return new

    async def encode_list(self, publications: Sequence[Publication], key: str | None = None) -> list[NewMessage]:
        """Validate and encode several; under an idempotency key the list is the body. Raises PublishError."""
        messages: list[NewMessage] = []
        for publication in publications:
            if len(messages) % STEP == STEP - 1:
                await asyncio.sleep(0)
            messages.append(self.encode(publication))
            self.check_budget(messages[-1], publication.principal)
        if key is not None:
            whole = hashlib.sha256(b"list")
            for new in messages:
                whole.update(b"%d %d " % (new.lane.number, _body_hash(new)))
            place: Counter[int] = Counter()
            for new in messages:  # the first of each topic has the key itself, so that any other body meets it
                number = place[new.lane.number]
                place[new.lane.number] += 1
                _give_key(new, f"{key}{_MEMBER}{number}" if number else key, _whole_number(whole.digest()))
        return messages

    def _check_size(self, topic: Topic, size: int) -> None:
        limit = LARGE_LIMIT if topic.policy.large else self.message_limit
        if size > limit:
            raise TooLarge(f"a message of {size} bytes; topic {topic.name!r} takes at most {limit}")

    def check_budget(self, new: NewMessage, principal: str) -> None:
        if self._bus.store.writer.waiting > OVERLOAD and principal != "system":
            raise OverBudget("the disk can't follow: too many publishes wait to be written", retry_after=1)
        if self._bus.backlog.get((new.workspace, new.lane.number), 0) >= self.budget and principal != "system":
            raise OverBudget(
                f"topic {new.lane.name!r} has {self.budget} unfinished messages in this workspace; try again later",
                retry_after=10,
            )


@lru_cache(maxsize=256)
def _head(principal: str, traceparent: str | None) -> str:
    """A message's headers as JSON."""
    head = {"principal": principal, "traceparent": traceparent}
    return _ENCODE({name: value for name, value in head.items() if value}).decode()


def _give_key(new: NewMessage, key: str, body_hash: int) -> None:
    new.idempotency_key, new.idempotency_hash = key, body_hash
    new.flags |= KEYED


def _body_hash(new: NewMessage) -> int:
    """What a repeat must be equal in: the body, and the due time as it was given, passed or not."""
    return _whole_number(hashlib.sha256(new.body + b"@%d" % (new.due or 0)).digest())


def _whole_number(digest: bytes) -> int:
    """63 bits of a hash: a whole number is bound at once, bytes go through sqlite3's adapters."""
    return int.from_bytes(digest[:8]) >> 1
