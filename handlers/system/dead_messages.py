"""The public words about dead letters: list, show, redrive, purge."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page
from needlework.handlers.times import Time

Reason = Literal["attempts", "checksum", "schema", "poison"]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["msg_01JDEXAMPLE0000000000000000:content"])]
Ids = Annotated[list[Id], msgspec.Meta(min_length=1, max_length=1000)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that used up its attempts; `error` is its first line, `attempts` how many it had."""

    id: str
    message_id: str
    topic: str
    runner: str
    reason: str
    error: str
    died: str
    attempts: int
    published: str


class ListDead(Message[Page[DeadLetter]], topic="dead.list", kw_only=True):
    """Dead letters, newest first; `error` is a part of the error's text, `from` and `until` are when they died."""

    topic: Text | None = None
    runner: Text | None = None
    reason: Reason | None = None
    error: Text | None = None
    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    limit: Limit = 50
    cursor: str | None = None


class ReadDead(Message[dict[str, Any]], topic="dead.read", key=("id",)):
    """One dead letter: the whole error, what was published, and every attempt. `id` is its own or its message's."""

    id: str


class ChosenDead(Message[dict[str, Any]], kw_only=True):
    """Dead letters by `ids`, by what they are, or `all` of them. `preview` only tells what would be done."""

    ids: Ids | None = None
    topic: Text | None = None
    runner: Text | None = None
    reason: Reason | None = None
    error: Text | None = None
    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    all: bool = False
    preview: bool = False


class RedriveDead(ChosenDead, topic="dead.redrive", kw_only=True):
    """Let dead letters go again, oldest first: by `ids`, by what they are, or `all` of them.

    `preview` only tells what would be done; `first` lets a few go; `stop_after` so many that failed again, the rest
    stays; `patch` replaces fields of what was published.
    """

    first: Annotated[int, msgspec.Meta(ge=1)] | None = None
    stop_after: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    patch: dict[str, Any] | None = None


class PurgeDead(ChosenDead, topic="dead.purge", kw_only=True):
    """Remove dead letters for good: by `ids`, by what they are, or `all` of them. Their messages go by retention."""
