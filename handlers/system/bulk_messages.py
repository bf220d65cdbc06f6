"""The public words about many messages at once: cancel them, let their retries run now; and the log for people."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page
from needlework.handlers.times import Time

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["conversation_note_analysis"])]


class ChosenMessages(Message[dict[str, Any]], kw_only=True):
    """Unfinished messages by what they are, or `all` of them; `from` and `until` are when they were published.

    `preview` only tells what would be done. The service's own work is left alone.
    """

    topic: Text | None = None
    batch: Text | None = None
    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    all: bool = False
    preview: bool = False


class CancelMessages(ChosenMessages, topic="messages.cancel", kw_only=True):
    """Cancel what is unfinished: all of it, or what is in one `state`."""

    state: Literal["waiting", "running", "parked"] | None = None


class RetryMessages(ChosenMessages, topic="messages.retry", kw_only=True):
    """Let retries that wait for their time run now; of one `runner` where given."""

    runner: Text | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log: who did what to which, from where, and how it ended."""

    id: int
    at: str
    principal: str
    token_id: str | None
    action: str
    target: str
    outcome: str
    detail: str
    request_id: str | None
    origin: str | None


class ListAudit(Message[Page[Entry]], topic="audit.list", kw_only=True):
    """The log for people, newest first; `action` and `principal` as they stand there, or their beginning with `*`."""

    action: Text | None = None
    principal: Text | None = None
    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None
    limit: Limit = 50
    cursor: str | None = None
